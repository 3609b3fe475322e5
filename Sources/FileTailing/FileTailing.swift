// FileTailing: finds files by glob, tells them apart for good, follows them, and splits them into lines.
//
// It promises that every line of every file is handed out once and in order per file, across rotation by rename, by
// copytruncate, deletion and restart; that what really vanished before it was read is counted; and that memory and
// descriptors stay within `TailLimits`. A position is inherited only where all available evidence agrees.
//
// It is synchronous and has one owner: a thread that may block owns the `Tailer` and calls everything. It starts no
// threads, takes no locks, stores nothing (the owner keeps the checkpoints), and knows nothing of what becomes of the
// lines.
//
// What no reader can do: between the copy and the truncation of a copytruncate, or before a deletion, lines may go
// that were never read. The article "Generations" says how rotated files are recognised, and what stays impossible.
