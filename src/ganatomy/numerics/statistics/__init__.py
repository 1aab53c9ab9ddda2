"""Evidence for a claim: how large, how sure, and is it there, not there, or not known.

    effects       a mean effect against a smallest effect of interest: present, absent or undetermined
    interval      Wilson for a share; t for a mean, by groups where samples belong together
    estimate      an interval for any other statistic: bootstrap, jackknife or half-sampling, as its kind allows
    permutation   exact p-values under "the labels mean nothing", and against matched controls
    multiplicity  many tests at once; intervals for the claims that were selected
    size          how many samples it takes
    groups        splits and draws that keep a patient, scene or author in one piece

Samples come as tensors or arrays, are taken as float64 tensors, and may carry group ids. Randomness is addressed.
"""
