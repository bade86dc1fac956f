import Addresses
import Configuration
import RPC
import Settings
import Testing

@testable import Edge

@Suite struct EdgeConfigurationTests {
  private static let required = ["--ca", "ca.pem", "--certificate", "edge.pem", "--key", "edge.key"]

  private func read(_ flags: [String], environment: [String: String] = [:]) async throws -> EdgeConfiguration {
    try EdgeConfiguration(reading: try EdgeSettings.sources.reader(flags: flags, environment: environment))
  }

  @Test(arguments: [
    ("--listen", "8080"), ("--listen", "::1:8080"), ("--listen", "127.0.0.1:70000"), ("--admin-listen", "x"),
    ("--control-plane", "host"), ("--control-plane", ","),
    ("--public-url", "hooks.example.com"), ("--public-url", "https://a?b"), ("--tls-certificate", "a.pem"),
    ("--tls-key", "a.key"),
    ("--trusted-proxies", "10.0.0.1/8"), ("--trusted-proxies", "10.0.0.0/8,proxy"), ("--trusted-proxy-hops", "33"),
    ("--proxy-header", "x-real-ip"),
    ("--max-body-bytes", "3145729"), ("--max-header-fields", "0"), ("--header-timeout-ms", "soon"), ("--metrics", "everyone"),
    ("--log-level", "loud"),
    ("--log-format", "xml"), ("--access-log-every", "-1"), ("--deadline-ms", "0"), ("--insecure-plaintext", "perhaps"),
  ])
  func aValueThatIsNoneNamesItsFlag(_ flag: String, _ value: String) async throws {
    let expected = flag == "--tls-certificate" ? "--tls-key" : flag == "--tls-key" ? "--tls-certificate" : flag
    await #expect {
      _ = try await read(Self.required + ["\(flag)=\(value)"])
    } throws: { error in
      (error as? SettingFaults)?.faults.contains { $0.flag == expected } ?? false
    }
  }

  @Test func everyFaultIsListed() async throws {
    await #expect {
      _ = try await read(["--listen", "x", "--max-body-bytes", "9999999"])
    } throws: { error in
      Set((error as? SettingFaults)?.faults.map(\.flag) ?? []) == [
        "--listen", "--max-body-bytes", "--ca", "--certificate", "--key",
      ]
    }
  }

  @Test func plainTextIsForLoopbackOnly() async throws {
    await #expect(throws: SettingFaults.self) {
      _ = try await read(["--insecure-plaintext", "--control-plane", "127.0.0.1:1,10.0.0.1:1"])
    }
    let configuration = try await read(["--insecure-plaintext", "--control-plane", "localhost:1,[::1]:2"])
    #expect(configuration.transport == .plaintext)
  }

  @Test func theDefaults() async throws {
    let configuration = try await read(Self.required)
    #expect(configuration.listen == ListenAddress(host: "127.0.0.1", port: 8080))
    #expect(configuration.adminListen == nil && configuration.publicTLS == nil)
    #expect(configuration.core.limits == HTTPLimits())
    #expect(configuration.core.timing == ConnectionTiming())
    #expect(configuration.core.load == EdgeLoad.Limits())
    #expect(configuration.core.resolver == ClientAddressResolver(proxies: .none))
    #expect(configuration.hold == HoldPolicy())
    #expect(configuration.controlPlanes.map(\.description) == ["127.0.0.1:7400"])
    #expect(configuration.transport == .mutualTLS(authority: "ca.pem", certificate: "edge.pem", key: "edge.key", serverName: nil))
  }

  @Test func flagsWinOverTheEnvironment() async throws {
    let environment = [
      "HEADGATE_EDGE_MAX_BODY_BYTES": "10", "HEADGATE_EDGE_TRUSTED_PROXIES": "10.0.0.0/8, 2001:db8::/32",
      "HEADGATE_EDGE_CA": "other.pem",
    ]
    let configuration = try await read(
      Self.required + ["--max-body-bytes", "20", "--public-url", "https://hooks.example.com/"], environment: environment)
    #expect(configuration.core.limits.bodyBytes == 20)
    #expect(configuration.core.publicURL == "https://hooks.example.com")
    #expect(
      configuration.core.resolver.proxies
        == .blocks([try CIDRBlock(parsing: "10.0.0.0/8"), try CIDRBlock(parsing: "2001:db8::/32")]))
  }

  @Test func everyKeyIsInTheHelpOnce() {
    let help = EdgeSettings.sources.help()
    // What the parser would break anew would lose its place below the flag.
    #expect(help.split(separator: "\n").allSatisfy { $0.count <= 80 && $0.hasPrefix("  ") })
    for setting in EdgeSettings.all {
      #expect(
        help.split(separator: "\n").count { $0.hasPrefix("  \(setting.flag) ") || $0 == "  \(setting.flag)" } == 1,
        "\(setting.key)")
    }
  }
}
