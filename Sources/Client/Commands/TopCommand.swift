import ArgumentParser
import HeadgateProto

/// `headgate top`.
struct TopCommand: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "top",
    abstract: "Watch the system: rates, times, queues, runs, who is connected.",
    discussion: """
      On a terminal the view is drawn anew at each interval, until you interrupt it. Elsewhere, and with -o json, each \
      interval is one line of JSON. What is shown is what the control plane that answers has seen; runs are those of the \
      whole database.

      Example: headgate top --interval 2s
      """)

  @Option(
    help: ArgumentHelp("Time between two looks, 10ms to 1h. Default: 1s.", valueName: "duration"),
    transform: { try ArgumentValues.duration($0) })
  var interval: Duration = .seconds(1)

  @Option(help: ArgumentHelp("End after so many intervals. Default: when you interrupt it.", valueName: "number"))
  var count: Int?

  @OptionGroup(title: "Global options") var global: GlobalOptions

  mutating func validate() throws {
    guard interval >= .milliseconds(10), interval <= .seconds(3600) else { throw ValidationError("--interval is 10ms to 1h") }
    if let count, count < 1 { throw ValidationError("--count must be 1 or more") }
  }

  func run(_ session: Session, _ screen: Screen) async throws {
    var before = TopLook(try await session.status.get(GetStatusRequest()), at: .now)
    let stop = Latch()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for await _ in screen.environment.stopRequests() { stop.open() }
      }
      var view = TopView(screen, address: session.settings.endpoints.joined(separator: ", "))
      var shown = 0
      while shown < count ?? .max, await Self.pause(interval, until: stop) {
        do {
          let look = TopLook(try await session.status.get(GetStatusRequest()), at: .now)
          try view.show(look, since: before)
          before = look
        } catch let error as RPCError {
          // What is watched may well go away and come back.
          try view.show(away: error.message)
        }
        shown += 1
      }
      group.cancelAll()
    }
  }

  /// Waits; `false`: a stop was requested.
  private static func pause(_ interval: Duration, until stop: Latch) async -> Bool {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { try? await Task.sleep(for: interval) }
      group.addTask { await stop.wait() }
      await group.next()
      group.cancelAll()
    }
    return !stop.isOpen
  }
}
