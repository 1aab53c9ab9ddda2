"""What a network's inner places produce, read and changed while it runs, without touching its source.

with watch(generator, ["up1.act"]) as trace:
    generator(z)
trace["up1.act"].shape
with edit(generator, {"up1.act": channel("up1.act", 7).set_to(0.0)}):
    generator(z)                                       # as if unit 7 were not there

Knows `nn.Module` and nothing of GANs. Nothing stays on the network, whatever fails.
"""
