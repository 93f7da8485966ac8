"""From posts to a tested model; scikit-learn is imported by the functions that need it, in worker processes."""
