// YAMLConfiguration: a configuration file, from its bytes to plain values.
//
// `YAMLNode.parse` reads one YAML document (by libyaml) into a small tree that keeps the line and column of every node,
// and `Form`s say what the values under its keys have to look like. `readConfiguration` does both.
//
// It promises that every problem names file, line, column, key and what was expected; that as many problems as can be
// found are reported together; that an unknown key is a problem; and that the cost of a hostile file is bounded (size,
// depth, number of nodes). Anchors, aliases, tags and duplicate keys are refused.
//
// A scalar has no type of its own: it is read as what its key asks for. So YAML 1.1's traps do not exist here:
//  - `no`, `on`, `1e3`, `0777`, `~` and `null` are these very characters where a text is asked for;
//  - a boolean is `true` or `false`, nothing else;
//  - a whole number is decimal digits with an optional sign: no `0777`, `0x1f`, `1_000`, `1e3`, `12:30`, nor quotes;
//  - there is no null: a key without a value is refused, except where a list or a section is asked for (an empty one).
//
// It does no input or output: who calls it reads the file, and says what the environment's variables are.
