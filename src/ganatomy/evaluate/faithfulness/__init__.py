"""Grades of attributions, given by somebody other than the method.

    grades        the whole: measurements, claims against the floors and a caption for each of several methods
    cases         pictures, their baseline and the scores of both: what all grades are taken on
    completeness, curves, infidelity, correlation, sensitivity      the grades, a formula each
    randomised    the same method on a critic whose weights were redrawn, layer by layer
    pointing      where the reason is known: does the map look there?
    controls      attributions that are no explanation (random, edges, constant), and the true ones of simple critics
    planned       how much is measured; readings: the numbers of one picture; judging: claims; wording: captions

Three traps. A grade is about the baseline, too: black, mean and blurred pictures order methods differently. Pictures
with pixels taken out are unlike any the critic was trained on. And a map that hardly changes with the weights may owe
this to the picture alone (gradient x input is 0 wherever the input is), to its absolute value or its normalisation:
both the signed and the absolute similarity are shown, neither with the map rescaled.
"""
