/// Reads a configuration file's bytes as `form` says, and reports all that is wrong with them together.
///
/// - Parameters:
///   - source: the file as the user named it, for the problems' sake.
///   - environment: what `${env:NAME}` stands for.
package func readConfiguration<Value>(
    _ bytes: [UInt8], source: String, environment: Environment, limits: YAMLLimits = YAMLLimits(), as form: Form<Value>
) throws(ConfigurationError) -> Value {
    let problems = ProblemCollector(source: source)
    let root = YAMLNode.parse(bytes, limits: limits, problems: problems)
    let value = root.flatMap { root in
        form.read(
            ConfigurationItem(node: root, path: ConfigurationPath(), environment: environment, problems: problems))
    }
    try problems.throwIfAny()
    guard let value else { preconditionFailure("BUG: a form gave neither a value nor a problem") }
    return value
}
