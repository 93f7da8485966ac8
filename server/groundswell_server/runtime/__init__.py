"""The stages that every call passes through, one in each file. `app.py` orders them; `pipeline.py` composes them."""
