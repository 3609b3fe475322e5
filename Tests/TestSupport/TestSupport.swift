// TestSupport: fakes and tools that several test targets share, written once.
