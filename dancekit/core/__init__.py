"""Pure parts: arrays and tensors in, arrays and tensors out; no files, no clock, no terminal."""
