import Testing

@testable import Client

@Suite struct InstanceDiscoveryTests {
  private static let description = """
    {"endpoints": ["127.0.0.1:7400"], "ca": "pki/ca.pem", "certificate": "pki/admin.pem", "key": "/keys/admin.key",
     "edge": "http://127.0.0.1:8080"}
    """

  private func settings(
    _ directory: TemporaryDirectory, from workingDirectory: String = "", executable: String? = nil,
    variables: [String: String] = [:], _ edit: (inout ConnectionRequest) -> Void = { _ in }
  ) throws -> ConnectionSettings {
    var request = ConnectionRequest()
    edit(&request)
    let silent = OutputChannel { _ in }
    let environment = ClientEnvironment(
      variables: variables, workingDirectory: directory.path + workingDirectory,
      executablePath: executable.map { directory.path + $0 }, output: silent, errors: silent,
      input: InputChannel(readAll: { [] }), now: { CommandRun.now }, connect: { _ in throw OutputClosed() })
    return try InstanceDiscovery(environment).settings(for: request)
  }

  @Test func saysWhatWasLookedForWhenThereIsNothing() throws {
    let directory = try TemporaryDirectory()
    let failure = try #require(throws: CommandFailure.self) { try settings(directory) }
    #expect(failure.status == .unreachable)
    #expect(failure.message == "no instance found: no .headgate/client.json in \(directory.path) or above it")
    #expect(failure.advice.contains("tools/run"))
  }

  @Test func refusesAnInstanceThatIsNone() throws {
    let directory = try TemporaryDirectory(["empty/x": ""])
    let failure = try #require(throws: CommandFailure.self) { try settings(directory) { $0.instance = "empty" } }
    #expect(failure.message == "--instance names empty, but there is no client.json in it")
    let other = try #require(throws: CommandFailure.self) {
      try settings(directory, variables: ["HEADGATE_HOME": "/nowhere"])
    }
    #expect(other.message == "HEADGATE_HOME names /nowhere, but there is no client.json in it")
  }

  @Test(arguments: [
    ("{", "is not JSON"), ("[]", "\"endpoints\" must be a list"), ("{\"endpoints\": []}", "must be a list"),
    ("{\"endpoints\": [1]}", "must be a list"), ("{\"endpoints\": [\"localhost\"]}", "\"localhost\" is not HOST:PORT"),
    ("{\"endpoints\": [\"h:1\"], \"certificate\": \"a\"}", "belong together"),
  ])
  func refusesABrokenDescription(_ text: String, _ message: String) throws {
    let directory = try TemporaryDirectory([".headgate/client.json": text])
    let failure = try #require(throws: CommandFailure.self) { try settings(directory) }
    #expect(failure.status == .invalid)
    #expect(failure.message.contains(message), "\(failure.message)")
  }

  @Test(arguments: ["", "/a/b/c"])
  func looksUpwardsFromTheWorkingDirectory(_ below: String) throws {
    let directory = try TemporaryDirectory([".headgate/client.json": Self.description, "a/b/c/x": ""])
    let settings = try settings(directory, from: below)
    let home = directory.path + "/.headgate"
    #expect(
      settings
        == ConnectionSettings(
          endpoints: ["127.0.0.1:7400"], authority: home + "/pki/ca.pem", certificate: home + "/pki/admin.pem",
          privateKey: "/keys/admin.key", edgeBase: "http://127.0.0.1:8080", source: home + "/client.json"))
  }

  @Test func looksUpwardsFromTheProgram() throws {
    let directory = try TemporaryDirectory(["checkout/.headgate/client.json": Self.description, "elsewhere/x": ""])
    let settings = try settings(directory, from: "/elsewhere", executable: "/checkout/.build/debug/headgate")
    #expect(settings.source == directory.path + "/checkout/.headgate/client.json")
  }

  @Test func theOptionIsStrongerThanTheVariableAndThatThanTheDirectory() throws {
    func description(_ port: Int) -> String { "{\"endpoints\": [\"127.0.0.1:\(port)\"]}" }
    let directory = try TemporaryDirectory([
      ".headgate/client.json": description(1), "home/client.json": description(2), "option/.headgate/client.json": description(3),
    ])
    #expect(try settings(directory).endpoints == ["127.0.0.1:1"])
    let variables = ["HEADGATE_HOME": "home"]
    #expect(try settings(directory, variables: variables).endpoints == ["127.0.0.1:2"])
    #expect(try settings(directory, variables: variables) { $0.instance = "option" }.endpoints == ["127.0.0.1:3"])
  }

  @Test func singleValuesReplaceThoseOfTheInstance() throws {
    let directory = try TemporaryDirectory([".headgate/client.json": Self.description, "key.txt": "hg_key\n"])
    let settings = try settings(
      directory, variables: ["HEADGATE_ENDPOINT": "a:1, b:2", "HEADGATE_CA": "own.pem", "HEADGATE_API_KEY": "other"]
    ) {
      $0.endpoints = ["[::1]:7"]
      $0.apiKeyFile = "key.txt"
    }
    #expect(settings.endpoints == ["[::1]:7"])
    #expect(settings.source == "--endpoint")
    #expect(settings.authority == directory.path + "/own.pem")
    // Who names a key does not want to be the instance's administrator.
    #expect(settings.certificate == nil && settings.privateKey == nil)
    #expect(settings.apiKey == Secret("hg_key"))
  }

  @Test func theInstanceMayNameAKeyInsteadOfACertificate() throws {
    let directory = try TemporaryDirectory([
      ".headgate/client.json": #"{"endpoints": ["127.0.0.1:7400"], "ca": "ca.pem", "api_key_file": "ci.key"}"#,
      ".headgate/ci.key": "hgk_a\n",
    ])
    let settings = try settings(directory)
    #expect(settings.apiKey == Secret("hgk_a") && settings.certificate == nil)
    let other = try self.settings(directory, variables: ["HEADGATE_API_KEY": "hgk_b"])
    #expect(other.apiKey == Secret("hgk_b"))
  }

  @Test func endpointsNeedNoInstance() throws {
    let settings = try settings(try TemporaryDirectory(), variables: ["HEADGATE_ENDPOINT": "a:1,b:2", "HEADGATE_API_KEY": "k"])
    #expect(settings == ConnectionSettings(endpoints: ["a:1", "b:2"], apiKey: Secret("k"), source: "HEADGATE_ENDPOINT"))
  }

  @Test func refusesAnEmptyKeyFile() throws {
    let directory = try TemporaryDirectory([".headgate/client.json": Self.description, "key.txt": " \n"])
    let failure = try #require(throws: CommandFailure.self) { try settings(directory) { $0.apiKeyFile = "key.txt" } }
    #expect(failure.message == "the API key file key.txt is empty")
    #expect(throws: CommandFailure.self) { try settings(directory) { $0.apiKeyFile = "missing.txt" } }
  }

  @Test(arguments: ["", "a", ":1", "a:", "a:0", "a:65536", "a:x", "::1:80", "[]:1", "a:1:2"])
  func refusesEndpoints(_ text: String) {
    #expect(InstanceDiscovery.split(text) == nil)
  }

  @Test(arguments: [("a:1", "a", 1), ("[::1]:65535", "::1", 65_535), ("10.0.0.1:7400", "10.0.0.1", 7400)])
  func splitsEndpoints(_ text: String, _ host: String, _ port: Int) throws {
    let split = try #require(InstanceDiscovery.split(text))
    #expect(split == (host, port))
  }

  @Test func secretsAreNeverShown() {
    let settings = ConnectionSettings(endpoints: [], apiKey: Secret("canary"), source: "")
    #expect(!"\(settings)".contains("canary"))
    #expect(!String(reflecting: settings).contains("canary"))
    var dumped = ""
    dump(settings, to: &dumped)
    #expect(!dumped.contains("canary"))
  }
}
