"""How good and how diverse samples are: distances, neighbourhoods, modes, copies; each with interval and floor."""
