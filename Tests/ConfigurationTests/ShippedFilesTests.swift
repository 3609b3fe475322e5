import BrokerCore
import AgentCore
import CollectorCore
import CommitLog
import HostMetrics
import MetricInputs
import SystemPackage
import Testing

@testable import YAMLConfiguration

@Suite struct ShippedFilesTests {
    /// What `agent.yaml` is documented to say.
    private var agent: AgentConfiguration {
        var system = FileSource(
            name: "system",
            include: ["/var/log/*.log", "/var/log/**/*.log", "/var/log/syslog", "/var/log/messages"])
        system.exclude = ["**/*.gz", "**/*.xz", "**/*.bz2", "**/*.zst"]
        return AgentConfiguration(
            hostName: "web-1", sources: [.file(system), .hostMetrics(HostMetricsSource(name: "host"))])
    }

    @Test func `agent_yaml as it ships gives the defaults`() throws {
        let file = try shipped("agent-config/agent.yaml")
        #expect(try AgentConfiguration.load(file.path, machineName: "web-1") == agent)
    }

    @Test func `what agent_yaml has in comments exists, with the value that is the default`() throws {
        let text = uncommented(try shipped("agent-config/agent.yaml").text)
        let configuration = try read(text, AgentConfiguration.form(machineName: "box")).get()
        var expected = agent
        if case .file(var system) = expected.sources[0] {
            system.ignoreOlder = .seconds(30 * 86_400)
            expected.sources[0] = .file(system)
        }
        if case .hostMetrics(var host) = expected.sources[1] {
            host.stream.window = WindowConfiguration(length: .seconds(10))
            expected.sources[1] = .hostMetrics(host)
        }
        var shop = FileSource(name: "shop", include: ["/srv/shop/log/*.log"])
        shop.exclude = ["**/debug.log"]
        expected.sources.insert(.file(shop), at: 1)
        expected.statusListen = HostPort(host: "127.0.0.1", port: 9464)
        let targets = [
            ScrapeTarget(host: "127.0.0.1", port: 9100), ScrapeTarget(host: "127.0.0.1", port: 9187),
        ]
        expected.sources.append(
            .prometheus(
                InputSource(name: "exporters", ScrapeConfiguration(targets: targets, job: "exporters"))))
        var statsd = StatsDConfiguration()
        statsd.socket = "/run/tributary/statsd.sock"
        expected.sources.append(.statsd(InputSource(name: "applications", statsd)))
        let directory = TextfileConfiguration(directory: "/var/lib/prometheus/node-exporter")
        expected.sources.append(.textfile(InputSource(name: "drop-ins", directory)))
        #expect(configuration == expected)
    }

    @Test func `collector_yaml as it ships gives the defaults, seven days, and four partitions to logs`() throws {
        let file = try shipped("collector-config/collector.yaml")
        let configuration = try CollectorConfiguration.load(file.path)
        var expected = CollectorConfiguration()
        expected.topicRules = configuration.topicRules
        #expect(configuration == expected)
        #expect(configuration.topicRules.count == 2)
        #expect(configuration.rules.partitions(for: "logs.system") == 4)
        #expect(configuration.rules.partitions(for: "metrics.host") == 1)
        var kept = TopicSettings()
        kept.log.retentionMilliseconds = 7 * 86_400_000
        #expect(try configuration.rules.settings(for: "logs.system", overrides: []).get() == kept)
        #expect(try configuration.rules.settings(for: "metrics.host", overrides: []).get() == kept)
        #expect(try configuration.rules.settings(for: "other", overrides: []).get() == TopicSettings())
    }

    @Test func `what collector_yaml has in comments exists, with the value that is the default`() throws {
        // The interval belongs to another way to flush than the one that is the default.
        let text = uncommented(try shipped("collector-config/collector.yaml").text)
            .replacing("\nflush: commit\n", with: "\nflush: interval\n")
        let configuration = try read(text, CollectorConfiguration.form).get()
        var expected = CollectorConfiguration()
        expected.advertised = HostPort(host: "collector.example", port: 9092)
        expected.flush = .interval(.seconds(1))
        expected.quotas.producerByteRate = 10 << 20
        expected.quotas.consumerByteRate = 50 << 20
        expected.superUsers = ["User:ANONYMOUS"]
        expected.topicRules = configuration.topicRules
        #expect(configuration == expected)
        let logs = try configuration.rules.settings(for: "logs.system", overrides: []).get()
        var expectedSettings = TopicSettings()
        // Examples, as the file says.
        expectedSettings.log.retentionMilliseconds = 7 * 86_400_000
        expectedSettings.log.maximumCompactionLagMilliseconds = 7 * 86_400_000
        expectedSettings.flushMessages = 10_000
        expectedSettings.flushMilliseconds = 1000
        #expect(logs == expectedSettings)
    }

    @Test func `every setting there is is in the shipped files`() throws {
        // A key that nobody has: the answer lists those that are known, and each has to be found in the file.
        func known(_ problems: [String]) -> [Substring] {
            problems.flatMap { $0.split(separator: "known here: ").dropFirst().flatMap { $0.split(separator: ", ") } }
        }
        let agentKeys = known(
            problems(
                readAgent(
                    """
                    zzzzzzzz: 1
                    collector: {zzzzzzzz: 1}
                    sources:
                      - {name: a, type: file, include: [/a], zzzzzzzz: 1}
                      - {name: b, type: host_metrics, zzzzzzzz: 1}
                      - {name: c, type: prometheus, targets: ["a:1"], zzzzzzzz: 1}
                      - {name: d, type: statsd, zzzzzzzz: 1}
                      - {name: e, type: textfile, directory: /d, zzzzzzzz: 1}
                    """)))
        #expect(agentKeys.count == 10 + 4 + 11 + 22 + 11 + 11 + 8)
        let agentText = uncommented(try shipped("agent-config/agent.yaml").text)
        for key in agentKeys { #expect(agentText.contains("\(key):"), "agent.yaml does not mention \(key)") }

        let collectorKeys = known(
            problems(
                readCollector(
                    "zzzzzzzz: 1\nlimits: {zzzzzzzz: 1}\ngroups: {zzzzzzzz: 1}\nquotas: {zzzzzzzz: 1}\ntopics: [{match: a, zzzzzzzz: 1}]"
                )))
        #expect(collectorKeys.count == 18 + 6 + 7 + 2 + 17)
        let collectorText = uncommented(try shipped("collector-config/collector.yaml").text)
        for key in collectorKeys {
            #expect(collectorText.contains("\(key):"), "collector.yaml does not mention \(key)")
        }
    }
}

@Suite struct ReadmeTests {
    /// What stands between a line that is `opening` and the next ``` in README.md.
    private func block(_ opening: String) throws -> String {
        let lines = try shipped("README.md").text.split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex { $0 == opening })
        return lines[(start + 1)...].prefix { $0 != "```" }.joined(separator: "\n")
    }

    @Test func `the configuration that README shows is one`() throws {
        let configuration = try readAgent(try block("```yaml")).get()
        #expect(configuration.sources.map(\.topic) == ["logs.nginx", "metrics.host"])
    }

    @Test func `the problems that README shows are what its configuration gives when it is misspelt so`() throws {
        let text = try block("```yaml").replacing("include:", with: "includ:").replacing("10s", with: "10")
        let result = Result { () throws(ConfigurationError) in
            try readConfiguration(
                Array(text.utf8), source: "agent.yaml", environment: Environment([:]),
                as: AgentConfiguration.form(machineName: "box"))
        }
        let shown = try block("```console").split(separator: "\n").dropFirst().map(String.init)
        #expect(problems(result) == shown)
    }
}

@Suite struct MutationTests {
    /// Pieces that mean something to YAML or to us.
    private static let pieces = [
        ":", ": ", "- ", "[", "]", "{", "}", "\n", "\n  ", "\t", "#", "\"", "'", "&a ", "*a", "!!int ", "<<: ", "---\n",
        "? ", "| ", "> ", "%YAML 1.2\n", "${env:", "}", "~", "null", "0777", "-1", "1e3", "99999999999999999999",
        "9999d",
        "\u{0}", "\u{feff}", "\u{85}", "\u{2028}", "ä", "é", "\u{1F600}", "name: x", "type: file",
    ].map { Array($0.utf8) }

    @Test(arguments: ["agent-config/agent.yaml", "collector-config/collector.yaml"])
    func `a mutated file gives a configuration or problems with places, whatever it has become`(path: String) throws {
        let original = Array(uncommented(try shipped(path).text).utf8)
        for seed in 0..<3000 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var bytes = original
            for _ in 0..<Int.random(in: 1...8, using: &random) { Self.mutate(&bytes, &random) }
            let problems = Self.problems(bytes)
            for problem in problems {
                #expect(problem.place.map { $0.line > 0 && $0.column > 0 } == true, "seed \(seed): \(problem)")
                #expect(!problem.message.isEmpty, "seed \(seed)")
                #expect(problem.description.utf8.count < 2000, "seed \(seed)")
            }
        }
    }

    @Test func `a file of any bytes gives a configuration or problems`() {
        for seed in 0..<2000 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let count = Int.random(in: 0...200, using: &random)
            #expect(!Self.problems((0..<count).map { _ in .random(in: 0...255, using: &random) }).isEmpty || count == 0)
        }
    }

    private static func problems(_ bytes: [UInt8]) -> [ConfigurationProblem] {
        let environment = Environment([:])
        var problems: [ConfigurationProblem] = []
        do throws(ConfigurationError) {
            _ = try readConfiguration(
                bytes, source: "f", environment: environment, as: AgentConfiguration.form(machineName: "box"))
        } catch { problems += error.problems }
        do throws(ConfigurationError) {
            _ = try readConfiguration(bytes, source: "f", environment: environment, as: CollectorConfiguration.form)
        } catch { problems += error.problems }
        return problems
    }

    private static func mutate(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        let place = Int.random(in: 0...bytes.count, using: &random)
        let end = min(bytes.count, place + Int.random(in: 0...40, using: &random))
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes.removeSubrange(place..<end)
        case 1: bytes.insert(contentsOf: pieces.randomElement(using: &random)!, at: place)
        case 2: bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0...bytes.count, using: &random))
        case 3: bytes.replaceSubrange(place..<end, with: pieces.randomElement(using: &random)!)
        case 4 where place < bytes.count: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        default: bytes.removeSubrange(place...)
        }
    }
}
