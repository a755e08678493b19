"""The command that writes a network as a file: TFLite, torch.export or ONNX."""
