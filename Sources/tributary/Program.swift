internal import ArgumentParser

/// The person's tool: look at topics, follow them, and write to them.
@main
struct Tributary: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tributary", abstract: "Look at, follow and write the topics of a collector or a Kafka cluster.",
        subcommands: [
            TopicsCommand.self, GroupsCommand.self, TailCommand.self, ConsumeCommand.self, ProduceCommand.self,
        ])
}
