/// Why the agent cannot start, or cannot go on.
package struct AgentError: Error, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
