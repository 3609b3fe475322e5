// YAMLConfiguration: being written.
