import FoundationEssentials

/// What the caller said about the control plane on the command line; everything may be missing.
package struct ConnectionRequest: Sendable, Hashable {
  package var instance: String?
  package var endpoints: [String] = []
  package var authority: String?
  package var certificate: String?
  package var privateKey: String?
  package var apiKeyFile: String?

  package init() {}
}

/// Finds the control plane to talk to.
///
/// The description of an instance is `client.json` in its directory, written by `tools/run`. It is looked for in
/// `--instance`, in `$HEADGATE_HOME`, in `.headgate` of the working directory and those above it, and in `.headgate`
/// above the program's own file. Options and variables of their own replace single values of it.
package struct InstanceDiscovery: Sendable {
  /// Name of the description in an instance's directory.
  package static let fileName = "client.json"
  /// Name of an instance's directory.
  package static let directoryName = ".headgate"

  private let environment: ClientEnvironment

  package init(_ environment: ClientEnvironment) { self.environment = environment }

  /// The settings for a request.
  ///
  /// - Throws: `CommandFailure` that says what was looked for where.
  package func settings(for request: ConnectionRequest) throws(CommandFailure) -> ConnectionSettings {
    let endpoints = request.endpoints.isEmpty ? listed("HEADGATE_ENDPOINT") : request.endpoints
    var settings: ConnectionSettings
    if let file = try descriptionFile(for: request, isNeeded: endpoints.isEmpty) {
      settings = try Self.read(file)
    } else {
      settings = ConnectionSettings(endpoints: [], source: "")
    }
    if !endpoints.isEmpty {
      settings.endpoints = endpoints
      settings.source = request.endpoints.isEmpty ? "HEADGATE_ENDPOINT" : "--endpoint"
    }
    for endpoint in settings.endpoints { try Self.check(endpoint, source: settings.source) }
    settings.authority = (request.authority ?? environment.variable("HEADGATE_CA")).map(absolute) ?? settings.authority
    settings.certificate =
      (request.certificate ?? environment.variable("HEADGATE_CERTIFICATE")).map(absolute) ?? settings.certificate
    settings.privateKey = (request.privateKey ?? environment.variable("HEADGATE_KEY")).map(absolute) ?? settings.privateKey
    if let apiKey = try apiKey(for: request) {
      settings.apiKey = apiKey
      // Who names a key wants to be its owner, not that of the instance's certificate.
      if request.certificate == nil, environment.variable("HEADGATE_CERTIFICATE") == nil {
        settings.certificate = nil
        settings.privateKey = (request.privateKey ?? environment.variable("HEADGATE_KEY")).map(absolute)
      }
    } else if let file = settings.apiKeyFile {
      settings.apiKey = try Self.apiKey(inFile: file, shown: file)
    }
    guard (settings.certificate == nil) == (settings.privateKey == nil) else {
      throw CommandFailure(.invalid, "--certificate and --key belong together: one of them is missing")
    }
    return settings
  }

  private func listed(_ variable: String) -> [String] {
    (environment.variable(variable) ?? "").split(separator: ",").map { String($0.filter { !$0.isWhitespace }) }
  }

  /// The file that describes the instance.
  ///
  /// - Parameter isNeeded: whether it is an error that there is none.
  private func descriptionFile(for request: ConnectionRequest, isNeeded: Bool) throws(CommandFailure) -> String? {
    for (name, value) in [("--instance", request.instance), ("HEADGATE_HOME", environment.variable("HEADGATE_HOME"))] {
      guard let value else { continue }
      let directory = absolute(value)
      let candidates = [directory, directory + "/" + Self.directoryName].map { $0 + "/" + Self.fileName }
      if let file = candidates.first(where: Self.exists) { return file }
      guard isNeeded || name == "--instance" else { continue }
      throw CommandFailure(
        .invalid, "\(name) names \(value), but there is no \(Self.fileName) in it",
        advice: "tools/run writes one when it starts an instance there.")
    }
    let starts = [environment.workingDirectory, environment.executablePath.map(Self.parent)].compactMap(\.self)
    for start in starts {
      var directory = start
      while true {
        let file = "\(directory == "/" ? "" : directory)/\(Self.directoryName)/\(Self.fileName)"
        if Self.exists(file) { return file }
        if directory == "/" || directory.isEmpty { break }
        directory = Self.parent(of: directory)
      }
    }
    guard isNeeded else { return nil }
    throw CommandFailure(
      .unreachable,
      "no instance found: no \(Self.directoryName)/\(Self.fileName) in \(environment.workingDirectory) or above it",
      advice: "Start one with tools/run, or say where one is with --instance DIR, HEADGATE_HOME or --endpoint HOST:PORT.")
  }

  private func apiKey(for request: ConnectionRequest) throws(CommandFailure) -> Secret? {
    if let name = request.apiKeyFile ?? environment.variable("HEADGATE_API_KEY_FILE") {
      return try Self.apiKey(inFile: absolute(name), shown: name)
    }
    return environment.variable("HEADGATE_API_KEY").map { Secret($0) }
  }

  private static func apiKey(inFile path: String, shown name: String) throws(CommandFailure) -> Secret {
    let key = String(decoding: try contents(of: path), as: UTF8.self).filter { !$0.isWhitespace }
    guard !key.isEmpty else { throw CommandFailure(.invalid, "the API key file \(name) is empty") }
    return Secret(key)
  }

  private func absolute(_ path: String) -> String {
    if path.hasPrefix("/") { return path }
    if path == "~" || path.hasPrefix("~/"), let home = environment.variable("HOME") { return home + path.dropFirst() }
    return environment.workingDirectory + "/" + path
  }

  /// Reads a description; paths in it count from its own directory.
  private static func read(_ file: String) throws(CommandFailure) -> ConnectionSettings {
    let description: JSONValue
    do {
      description = try JSONReader.read(try contents(of: file)).json
    } catch let error as DocumentError {
      throw CommandFailure(.invalid, "\(file)\(error.position.map { ":\($0)" } ?? "") is not JSON: \(error.message)")
    } catch let error as CommandFailure {
      throw error
    } catch {
      throw CommandFailure(.invalid, "\(file) cannot be read")
    }
    guard case .array(let list)? = description["endpoints"], !list.isEmpty, list.allSatisfy({ $0.text != nil }) else {
      throw CommandFailure(.invalid, "\(file): \"endpoints\" must be a list of HOST:PORT")
    }
    func path(_ name: String) -> String? {
      description[name]?.text.map { $0.hasPrefix("/") ? $0 : parent(of: file) + "/" + $0 }
    }
    return ConnectionSettings(
      endpoints: list.compactMap(\.text), authority: path("ca"), certificate: path("certificate"), privateKey: path("key"),
      apiKeyFile: path("api_key_file"), edgeBase: description["edge"]?.text, source: file)
  }

  /// The host and the port of "host:port" or "[address]:port".
  package static func split(_ endpoint: String) -> (host: String, port: Int)? {
    guard let colon = endpoint.lastIndex(of: ":"), let port = Int(endpoint[endpoint.index(after: colon)...]),
      (1...65_535).contains(port)
    else { return nil }
    var host = endpoint[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() } else if host.contains(":") { return nil }
    return host.isEmpty ? nil : (String(host), port)
  }

  private static func check(_ endpoint: String, source: String) throws(CommandFailure) {
    guard split(endpoint) != nil else {
      throw CommandFailure(.invalid, "\(source): \"\(endpoint)\" is not HOST:PORT (write an IPv6 address in brackets)")
    }
  }

  private static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
    return String(path[..<slash])
  }

  private static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  private static func contents(of file: String) throws(CommandFailure) -> [UInt8] {
    try FileReading.bytes(of: file)
  }
}
