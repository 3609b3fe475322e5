internal import CLinux

/// The memory that the system counts as this process's.
package enum ResidentMemory {
    /// Gives back the heap's free pages, and the pages of the program that nothing wrote to: those that only starting
    /// needed do not come back. On 6.18 with large folios in the page cache a fault maps up to 2 MiB of a program's file
    /// at once, so that nearly all of it counts as resident after the start, however little of it is used.
    ///
    /// Costs below a millisecond, and a page fault without input for each part that is in use. May be called at any time
    /// from any thread. Breakpoints that a debugger set are lost.
    package static func giveBackUnused() { tributary_release_memory() }
}
