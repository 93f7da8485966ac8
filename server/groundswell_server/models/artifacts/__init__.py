"""The stored files of model versions: packing, digests, stores outside the database, and ONNX."""
