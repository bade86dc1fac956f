import ArgumentParser
import HeadgateProto

extension ListenMode: ExpressibleByArgument {
  package init?(argument: String) {
    guard let value = Self.named(argument) else { return nil }
    self = value
  }

  package static var allValueStrings: [String] { names }
}

/// `headgate listen`.
struct ListenCommand: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "listen",
    abstract: "Show requests to a trigger as they arrive on its URL, also those that are refused.",
    discussion: """
      Nothing is diverted: callers are answered as always. With --mode tap the flow runs as well; with --mode capture requests are recorded and \
      answered, and start no run until the session ends. Interrupt to end it.

      After a cut the session goes on by itself, with nothing missing. --session goes on with one that another terminal \
      began, within two minutes after that one was closed.

      On a terminal each request is shown as a tree with the paths of its values. Piped, or with -o json, there is one JSON \
      object per line: {"event": "session" | "request" | "lagged", …}.

      --map, --allow-ip and --allow-origin change the draft of the flow first, as headgate trigger amend does; --publish \
      makes that effective.

      Example: headgate listen orders/hook
      Example: headgate listen orders/hook --mode capture --time 1h
      Example: headgate listen orders/hook --map email=body.user.email --publish
      Example: headgate listen orders/hook --max 1 | jq '.request.body'
      """)

  @Argument(
    help: ArgumentHelp("FLOW/NODE, id or key of the trigger.", valueName: "trigger"), transform: { try ArgumentValues.text($0) })
  var trigger: String?

  @Option(help: "tap (the flow runs as well) or capture (no run). Default: tap.")
  var mode: ListenMode?

  @Option(
    help: ArgumentHelp("For how long, 1s to 24h. Default: 10m.", valueName: "duration"),
    transform: { try ArgumentValues.duration($0) })
  var time: Duration?

  @Option(help: ArgumentHelp("End after so many requests, 1 to 10000.", valueName: "count"))
  var max: UInt32?

  @Option(help: ArgumentHelp("Go on with this session.", valueName: "id"), transform: { try ArgumentValues.id($0) })
  var session: String?

  @OptionGroup var amendments: AmendOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  var named: NamedObject? { session == nil ? trigger.map { .trigger($0) } : nil }

  mutating func validate() throws {
    guard trigger != nil || session != nil else { throw ValidationError("a trigger is needed, such as orders/hook") }
    if session != nil, mode != nil || time != nil || max != nil {
      throw ValidationError("--mode, --time and --max are those of the session; leave them out with --session")
    }
    if let time, time < .seconds(1) || time > .seconds(86_400) { throw ValidationError("--time is 1s to 24h") }
    if let max, !(1...10_000).contains(max) { throw ValidationError("--max is 1 to 10000") }
    if !amendments.isEmpty, trigger == nil { throw ValidationError("--map and --allow-… need the trigger's name") }
  }

  func run(_ session: Session, _ screen: Screen) async throws {
    if let trigger, !amendments.isEmpty {
      let amended = try await session.triggers.amend(amendments.request(of: trigger, session))
      screen.remark(amendments.summary(amended))
    }
    var view = ListenView(screen)
    let listener = SessionListener(
      listen: session.listen, workspace: session.workspace, tick: view.tick, now: screen.environment.now)
    let begin = ListenRequest(
      workspace: session.workspace, trigger: trigger ?? "", mode: mode ?? .unspecified,
      timeLimitSeconds: UInt32(clamping: (time?.microseconds ?? 0) / 1_000_000), sessionId: self.session ?? "",
      maxRequests: max ?? 0)
    let ended = try await listener.run(begin, stopRequests: screen.environment.stopRequests()) { event in
      if case .session(var listened) = event {
        listened.url = session.completeURL(listened.url)
        try view.show(.session(listened))
      } else {
        try view.show(event)
      }
    }
    guard var ended else { return }
    ended.url = session.completeURL(ended.url)
    try view.end(ended)
  }
}
