import ArgumentParser
import HeadgateProto

/// `headgate trigger test`.
struct TriggerTest: TriggerClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "test", abstract: "Sign a sample request and send it to a trigger's URL.",
    discussion: """
      The control plane signs with the trigger's own scheme and newest secret; the request then goes through an edge node like \
      any other, starts a run and is in the log. Needs the role admin. Exit status 1 when the answer is not 2xx.

      Without --sample the body is made up from the trigger's configuration: the event of its first case, and a value \
      at every path that it maps or binds. It is shown, to start a file of your own from.

      Example: headgate trigger test orders/hook
      Example: headgate trigger test orders/hook --sample order.json
      Example: headgate trigger test orders/hook --sample - < paid.json
      Example: headgate trigger test a/hook --sample f.txt --content-type text/plain
      """)

  @OptionGroup var trigger: TriggerArgument

  @Option(
    help: ArgumentHelp(
      "File with the body; - is the standard input, /dev/null an empty body. Without it one is made up.", valueName: "file"),
    completion: .file())
  var sample: String?

  @Option(
    help: ArgumentHelp(
      "Content type of the body. Default: application/json for JSON, else by the file's name.", valueName: "type"),
    transform: { try ArgumentValues.text($0) })
  var contentType: String?

  @Option(help: ArgumentHelp("A header field; may be given several times.", valueName: "name=value"))
  var header: [HeaderAssignment] = []

  @Option(
    help: ArgumentHelp("Default: POST, or the first that the trigger allows.", valueName: "method"),
    transform: { try ArgumentValues.text($0) })
  var method: String?

  @Option(help: ArgumentHelp("What follows the key in the URL, with query if any: /extra?a=1.", valueName: "path"))
  var path: String?

  @Option(help: ArgumentHelp("Base URL of the edge node. Default: that of the instance.", valueName: "url"))
  var edge: String?

  @OptionGroup(title: "Global options") var global: GlobalOptions

  mutating func validate() throws {
    if let path, !path.hasPrefix("/"), !path.hasPrefix("?") { throw ValidationError("--path starts with / or ?") }
    if let edge, EdgeBase(edge) == nil { throw ValidationError("--edge is a URL such as http://127.0.0.1:8080, without a path") }
  }

  func run(_ session: Session, _ screen: Screen) async throws {
    let written = try sample.map { try FileReading.bytes(of: $0, in: screen.environment) }
    let found = try await session.triggers.get(GetTriggerRequest(workspace: session.workspace, trigger: trigger.name))
    let base = try edgeBase(found, session)
    let request =
      if let written { sampleRequest(written, signedFor: Self.publicBase(found) ?? base.text, session) } else {
        try await madeUpRequest(found, signedFor: Self.publicBase(found) ?? base.text, session, screen)
      }
    if written == nil, screen.format == .table, !request.body.isEmpty {
      try screen.print(["sent, made up from the configuration:"] + BodyLines.lines(request.body))
    }
    let signed = try await session.triggers.signSample(request)
    let begin = screen.environment.now()
    let answer = try await screen.environment.send(
      HTTPSample(
        method: String(decoding: signed.method, as: UTF8.self), target: String(decoding: signed.target, as: UTF8.self),
        headers: signed.headers, body: signed.body), base, global.timeout)
    let entry = try? await Self.logged(answer, of: found, since: begin, session)
    switch screen.format {
    case .json: try screen.print(Self.json(answer, entry))
    case .table: try show(answer, entry, screen)
    }
    guard (200..<300).contains(answer.status) else { throw ExitCode(ExitStatus.failure.rawValue) }
  }

  // MARK: The request

  /// A request that fits what the trigger looks for.
  private func madeUpRequest(
    _ trigger: Trigger, signedFor base: String, _ session: Session, _ screen: Screen
  ) async throws -> SignSampleRequest {
    // What callers meet; a draft is not that.
    let configuration = JSONValue.embedded(trigger.publishedConfig.isEmpty ? trigger.config : trigger.publishedConfig)
    let preset = trigger.preset.isEmpty ? nil : try? await session.presets.get(GetPresetRequest(id: trigger.preset))
    let made = SampleRequest(
      configuration, eventPath: preset?.eventPath ?? "", deliveryPath: preset?.deliveryPath ?? "",
      unique: "test-\(screen.environment.now().microseconds)")
    var request = sampleRequest(made.body == [:] ? [] : Array(made.body.pretty.utf8), signedFor: base, session)
    for field in made.headers where !request.headers.contains(where: { $0.name == Array(field.name.utf8) }) {
      request.headers.append(Header(name: Array(field.name.utf8), value: Array(field.value.utf8)))
    }
    let parameters = made.query.map { "\(Self.percentEncoded($0.name))=\(Self.percentEncoded($0.value))" }
    request.query = Array(
      ([String(decoding: request.query, as: UTF8.self)].filter { !$0.isEmpty } + parameters).joined(separator: "&").utf8)
    return request
  }

  /// For a parameter of a URL: all but the unreserved characters of RFC 3986 §2.3.
  private static func percentEncoded(_ text: String) -> String {
    text.utf8.map { byte in
      let scalar = Unicode.Scalar(byte)
      let isUnreserved =
        scalar.isASCII && (Character(scalar).isLetter || Character(scalar).isNumber || "-._~".contains(Character(scalar)))
      return isUnreserved ? String(Character(scalar)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }.joined()
  }

  private func sampleRequest(_ body: [UInt8], signedFor base: String, _ session: Session) -> SignSampleRequest {
    let parts = (path ?? "").split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    var headers = header.map(\.message)
    if !body.isEmpty, !headers.contains(where: { $0.name == Array("content-type".utf8) }) || contentType != nil {
      headers.removeAll { $0.name == Array("content-type".utf8) }
      headers.append(Header(name: Array("content-type".utf8), value: Array((contentType ?? guessedType(body)).utf8)))
    }
    return SignSampleRequest(
      workspace: session.workspace, trigger: trigger.name, method: Array((method ?? "").uppercased().utf8),
      path: Array((parts.first ?? "").utf8), query: parts.count > 1 ? Array(parts[1].utf8) : [], headers: headers, body: body,
      baseUrl: Array(base.utf8))
  }

  private func guessedType(_ body: [UInt8]) -> String {
    if (try? JSONReader.read(body)) != nil { return "application/json" }
    let name = (sample ?? "").lowercased()
    if name.hasSuffix(".xml") { return "application/xml" }
    return String(validating: body, as: UTF8.self) == nil ? "application/octet-stream" : "text/plain; charset=utf-8"
  }

  /// The base that callers know, where the control plane knows it: what schemes sign that cover the URL.
  private static func publicBase(_ trigger: Trigger) -> String? {
    trigger.url.hasPrefix("/") ? nil : trigger.url.firstRange(of: "/w/").map { String(trigger.url[..<$0.lowerBound]) }
  }

  private func edgeBase(_ trigger: Trigger, _ session: Session) throws(CommandFailure) -> EdgeBase {
    let text = edge ?? session.settings.edgeBase ?? Self.publicBase(trigger)
    guard let text else {
      throw CommandFailure(
        .invalid, "no edge node is known to send to",
        advice: "Name one with --edge URL; an instance's client.json has it as \"edge\".")
    }
    guard let base = EdgeBase(text) else {
      throw CommandFailure(.invalid, "\(text) is not the base URL of an edge node, such as http://127.0.0.1:8080")
    }
    return base
  }

  // MARK: What came of it

  /// How long the record is waited for, and how often it is asked for meanwhile.
  private static let patience = (rounds: 20, pause: Duration.milliseconds(100))

  /// The request's record; `nil`: none was found, such as for one that no trigger took.
  private static func logged(
    _ answer: HTTPSampleAnswer, of trigger: Trigger, since begin: Timestamp, _ session: Session
  ) async throws -> LogEntry? {
    let named = (try? JSONReader.read(answer.body))?.json["id"]?.text
    for _ in 0..<patience.rounds {
      if let named, let entry = try? await session.logs.get(GetLogRequest(workspace: session.workspace, id: named)) {
        return entry
      }
      // The answer need not name it; refusals are recorded a little later than they are answered.
      let newest = try await session.logs.query(
        QueryLogsRequest(
          workspace: session.workspace, trigger: trigger.id, sinceUs: begin.microseconds - 1_000_000, pageSize: 1)
      ).entries.first
      if named == nil, let newest, newest.status == UInt32(clamping: answer.status) {
        return try await session.logs.get(GetLogRequest(workspace: session.workspace, id: newest.id))
      }
      try await Task.sleep(for: patience.pause)
    }
    return nil
  }

  private func show(_ answer: HTTPSampleAnswer, _ entry: LogEntry?, _ screen: Screen) throws {
    let ink: Ink = (200..<300).contains(answer.status) ? .green : .red
    let took = DurationText.text(microseconds: answer.took.microseconds)
    try screen.print("answered \(ink(String(answer.status), on: screen.isColoured)) in \(took)")
    if !answer.body.isEmpty { try screen.print(BodyLines.lines(answer.body)) }
    guard let entry else { return try screen.print(["", "the request is not in the log"]) }
    try screen.heading("request \(TerminalText.escaped(entry.id)), \(entry.result)")
    try screen.print(wrapping: ExplanationWords.lines(entry))
    for run in entry.runs where !run.variables.isEmpty {
      try screen.heading("variables of \(TerminalText.escaped(run.flow))/\(TerminalText.escaped(run.entryNode))")
      try screen.print(BodyLines.lines(run.variables))
    }
  }

  private static func json(_ answer: HTTPSampleAnswer, _ entry: LogEntry?) -> JSONValue {
    [
      "answer": [
        "status": .integer(answer.status), "took_us": .integer(answer.took.microseconds),
        "headers": .array(
          answer.headers.map {
            [
              "name": .string(String(decoding: $0.name, as: UTF8.self)),
              "value": .string(String(decoding: $0.value, as: UTF8.self)),
            ]
          }),
        "body": .textIfUTF8(answer.body),
      ],
      "request": entry?.json ?? .null,
    ]
  }
}

/// `NAME=VALUE` or `NAME: VALUE` on the command line.
struct HeaderAssignment: ExpressibleByArgument, Hashable, Sendable {
  var name: String
  var value: String

  init?(argument: String) {
    guard let separator = argument.firstIndex(where: { $0 == "=" || $0 == ":" }), separator != argument.startIndex else {
      return nil
    }
    name = argument[..<separator].lowercased()
    var rest = argument[argument.index(after: separator)...]
    if argument[separator] == ":" { rest = rest.drop { $0 == " " } }
    value = String(rest)
  }

  var message: Header { Header(name: Array(name.utf8), value: Array(value.utf8)) }
}
