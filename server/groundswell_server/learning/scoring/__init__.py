"""From predictions to a score and to advice."""
