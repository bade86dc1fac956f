import ArgumentParser
import Identifiers

/// What a command writes to standard output.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
  /// For people.
  case table
  /// For scripts: one object, snake_case names, times in RFC 3339 UTC.
  case json
}

/// Options that every command has.
struct GlobalOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Directory of the instance, the one with client.json. Also HEADGATE_HOME.", valueName: "dir"),
    completion: .directory)
  var instance: String?

  @Option(
    help: ArgumentHelp(
      "Address of the control plane; may be given several times. Also HEADGATE_ENDPOINT.", valueName: "host:port"))
  var endpoint: [String] = []

  @Option(
    help: ArgumentHelp("Certificate authority of the control plane, PEM. Also HEADGATE_CA.", valueName: "file"),
    completion: .file())
  var ca: String?

  @Option(help: ArgumentHelp("Your certificate, PEM. Also HEADGATE_CERTIFICATE.", valueName: "file"), completion: .file())
  var certificate: String?

  @Option(help: ArgumentHelp("Its private key, PEM. Also HEADGATE_KEY.", valueName: "file"), completion: .file())
  var key: String?

  @Option(
    help: ArgumentHelp(
      "File with an API key. Also HEADGATE_API_KEY_FILE, or the key itself in HEADGATE_API_KEY.", valueName: "file"),
    completion: .file())
  var apiKeyFile: String?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Workspace; without it that of your credential, or \"default\". Also HEADGATE_WORKSPACE.", valueName: "name"),
    transform: { try ArgumentValues.text($0) })
  var workspace: String?

  @Option(name: .shortAndLong, help: "table (for people) or json (for scripts).")
  var output: OutputFormat = .table

  @Flag(help: "No colours. Also NO_COLOR.")
  var noColor = false

  @Option(
    help: ArgumentHelp("How long to wait for an answer. Default: 30s.", valueName: "duration"),
    transform: { try ArgumentValues.duration($0) })
  var timeout: Duration = .seconds(30)

  mutating func validate() throws {
    guard timeout > .zero else { throw ValidationError("--timeout must be more than 0") }
  }

  var connectionRequest: ConnectionRequest {
    var request = ConnectionRequest()
    request.instance = instance
    request.endpoints = endpoint
    request.authority = ca
    request.certificate = certificate
    request.privateKey = key
    request.apiKeyFile = apiKeyFile
    return request
  }
}

/// Reads values of options; the errors say what would be right.
enum ArgumentValues {
  static func duration(_ text: String) throws -> Duration {
    guard let duration = DurationText.parse(text) else {
      throw ValidationError("\"\(text)\" is not a duration; write it like \(DurationText.examples)")
    }
    return duration
  }

  /// A name or another text that an option is given for: an empty one, as of a variable that is not set, would mean
  /// everything where one thing was meant.
  static func text(_ text: String) throws -> String {
    guard !text.isEmpty else { throw ValidationError("must not be empty; leave the option out instead") }
    return text
  }

  /// The id of a request, a run and so on.
  static func id(_ text: String) throws -> String {
    guard UniqueID(text) != nil else {
      throw ValidationError("\"\(text)\" is not an id, such as 01934a5e-0000-7000-8000-000000000000")
    }
    return text
  }
}

/// A point in time on the command line: absolute, or as far back as a duration.
enum Moment: Hashable, Sendable, ExpressibleByArgument {
  case at(Timestamp)
  case ago(Duration)

  init?(argument: String) {
    if let time = Timestamp(argument) {
      self = .at(time)
    } else if let duration = DurationText.parse(argument) {
      self = .ago(duration)
    } else {
      return nil
    }
  }

  func timestamp(now: Timestamp) -> Timestamp {
    switch self {
    case .at(let time): time
    case .ago(let duration): Timestamp(microseconds: now.microseconds - duration.microseconds)
    }
  }
}
