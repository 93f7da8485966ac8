"""The SDK against a real gRPC server on a loopback port whose answers each test writes."""
