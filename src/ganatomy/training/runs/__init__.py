"""The folder that a run leaves: what was asked, where it stands, its checkpoints, its metrics; whole at any moment.

run = latest_run("runs", "digits-mlp", seed=0) or new_run("runs", "digits-mlp", seed=0, config=yaml, provenance=here)
with writing(run), Metrics(run) as metrics:
    start = newest_whole(run)
    metrics.write(step.count, {"critic": 1.2})
    save_checkpoint(run, game.snapshot(), {"best": 0.4}, best=True)
"""
