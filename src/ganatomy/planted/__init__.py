"""GANs of which the causes are known, most of them built and not trained: the truth that methods are scored against.

planted = PLANTED["parts"]()                   # from ganatomy.planted.catalogue
planted.gan.sample(seed=0, indices=range(64))
planted.measure(pictures), planted.concepts    # exact
planted.truth.single[(0, "A")]                 # what ablating unit 0 does to part A: 1.0 of it goes
"""
