"""The online model of the engagement predictor: its inputs, its learner, and its part in served predictions."""
