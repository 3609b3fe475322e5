// Primitives: what every other module counts in.
//
// Offsets, timestamps, sequence numbers, varints, byte order, checksums and the seams for time. It promises that a
// type stands for one meaning. It does no I/O, apart from reading the clock behind `SystemWallClock`.
