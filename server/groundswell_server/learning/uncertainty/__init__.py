"""How sure an answer is: conformal intervals and calibrated probabilities."""
