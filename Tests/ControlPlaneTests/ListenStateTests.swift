import Identifiers
import Postgres
import Store
import Testing

@testable import ControlPlane

/// The parts of listening that have neither clock nor database.
@Suite("listening, in memory")
struct ListenStateTests {
  private static let workspace = UniqueID.random()
  private static let trigger = UniqueID.random()
  private static let ids = RequestIDGenerator()

  private static func open(_ mode: ListenSessionMode, _ remaining: Duration, trigger: UniqueID = trigger) -> OpenListenSession {
    OpenListenSession(workspace: workspace, id: .random(), trigger: trigger, mode: mode, remaining: remaining)
  }

  static func row(_ id: UniqueID = ids.next(unixMilliseconds: 1_700_000_000_000), bytes: Int = 10) -> RequestRow {
    RequestRow(
      workspace: workspace, id: id, trigger: trigger, receivedAt: UnixTime(microseconds: 0),
      body: [UInt8](repeating: 0x20, count: bytes), outcome: 1, status: 200)
  }

  @Test("a session counts until its end and not beyond, and capture outdoes tap")
  func modes() {
    let sessions = OpenSessions()
    let now = ContinuousClock.now
    #expect(sessions.mode(of: Self.trigger, at: now) == nil)
    sessions.install(
      [Self.open(.tap, .seconds(10)), Self.open(.capture, .seconds(5)), Self.open(.capture, .seconds(9), trigger: .random())],
      sessions.ticket(), at: now)
    #expect(sessions.mode(of: Self.trigger, at: now) == .capture)
    #expect(sessions.mode(of: Self.trigger, at: now + .seconds(5) - .nanoseconds(1)) == .capture)
    #expect(sessions.mode(of: Self.trigger, at: now + .seconds(5)) == .tap)
    #expect(sessions.mode(of: Self.trigger, at: now + .seconds(10)) == nil)
    #expect(sessions.mode(of: .random(), at: now) == nil)
  }

  @Test("of two reads the one that began later is shown, whichever ends first")
  func order() {
    let sessions = OpenSessions()
    let (first, second) = (sessions.ticket(), sessions.ticket())
    sessions.install([], second, at: .now)
    sessions.install([Self.open(.capture, .seconds(10))], first, at: .now)
    #expect(sessions.mode(of: Self.trigger, at: .now) == nil)
  }

  @Test("nothing is taken in before the queue is live, and nothing twice")
  func claims() {
    let known = Self.row()
    var queue = ListenQueue(seen: [known.id])
    let early = Self.row()
    let tooEarly = queue.offer(early)
    let lacked = queue.lacks(early.id)
    let claims = [queue.claim(early.id), queue.claim(early.id), queue.lacks(early.id)]
    #expect([tooEarly, lacked] + claims == [false, true, true, false, false])
    queue.goLive()
    let next = Self.row()
    let offers = [known, early, next, next].map { queue.offer($0) }
    #expect(offers == [false, false, true, false])
    guard case .request(let taken)? = queue.take(), taken == next else { Issue.record("not the request"); return }
    #expect(queue.isEmpty)
  }

  @Test("what is too much is left out and counted at its place", arguments: [true, false])
  func lag(byCount: Bool) {
    var limits = ListenQueue.Limits()
    if byCount { limits.requests = 2 } else { limits.bytes = 20 }
    var queue = ListenQueue(limits)
    queue.goLive()
    for _ in 0..<5 { _ = queue.offer(Self.row()) }
    _ = queue.take()
    // There is room again, behind the gap.
    _ = queue.offer(Self.row())
    _ = queue.offer(Self.row())
    var seen: [String] = []
    while let item = queue.take() {
      switch item {
      case .request: seen.append("request")
      case .lagged(let count): seen.append("\(count)")
      }
    }
    #expect(seen == ["request", "3", "request", "1"])
    // One that is larger than everything allowed is shown when it is alone.
    _ = queue.offer(Self.row(bytes: 8 << 20))
    guard case .request? = queue.take() else { Issue.record("not the request"); return }
  }

  @Test("what is forgotten counts as seen")
  func forgetting() {
    var limits = ListenQueue.Limits()
    limits.seen = 100
    var queue = ListenQueue(limits)
    let ids = (0..<101).map { Self.ids.next(unixMilliseconds: 1_700_000_000_000 + Int64($0)) }
    let first = ids.map { queue.claim($0) }
    let second = ids.map { queue.claim($0) }
    #expect(first.allSatisfy { $0 } && !second.contains(true))
  }

  @Test("many requests at once are told as such, fewer by their ids")
  func telling() {
    let exchange = ListenExchange()
    let replica = UniqueID.random()
    for _ in 0..<450 { exchange.recorded(Self.row(), isWhole: true) }
    let sizes = exchange.takeOutbox().news(from: replica).map { news in
      if case .recorded(let ids, _, replica) = news { ids.count } else { -1 }
    }
    #expect(sizes == [200, 200, 50])
    #expect(exchange.takeOutbox().isEmpty)
    for _ in 0..<5000 { exchange.recorded(Self.row(), isWhole: true) }
    let trigger = ListenedTrigger(workspace: Self.workspace, trigger: Self.trigger)
    #expect(exchange.takeOutbox().news(from: replica) == [.manyRecorded(of: trigger, by: replica)])
  }

  @Test("a listener that comes after the end is closed at once")
  func closing() async {
    let exchange = ListenExchange()
    exchange.close()
    let trigger = ListenedTrigger(workspace: Self.workspace, trigger: Self.trigger)
    let listener = Listener(
      session: .random(), trigger: trigger, begin: UnixTime(microseconds: 0), queue: ListenQueue(), received: 0)
    exchange.remove(exchange.add(listener), of: trigger)
    guard case .closed = await listener.next() else { Issue.record("not closed"); return }
    #expect(exchange.listeners.isEmpty)
  }

  @Test("what nobody told is shown only if it is not from before the session")
  func found() async {
    let exchange = ListenExchange()
    let trigger = ListenedTrigger(workspace: Self.workspace, trigger: Self.trigger)
    let begin = UnixTime(microseconds: 1_700_000_000_000_000)
    let listener = Listener(session: .random(), trigger: trigger, begin: begin, queue: ListenQueue(), received: 0)
    _ = exchange.add(listener)
    listener.goLive()
    let ids = RequestIDGenerator()
    let before = Self.row(ids.next(unixMilliseconds: 1_699_999_999_999))
    let after = Self.row(ids.next(unixMilliseconds: 1_700_000_000_000))
    #expect(exchange.unseen([before.id, after.id], of: trigger, isFound: true) == [after.id])
    #expect(exchange.unseen([before.id, after.id], of: trigger, isFound: false) == [before.id, after.id])
    for row in [before, after] { exchange.offer(row, isFound: true) }
    guard case .item(.request(let first)) = await listener.next(), first == after else { Issue.record("not the request"); return }
    #expect(exchange.unseen([after.id], of: trigger, isFound: true).isEmpty)
    // An edge node whose clock is behind is told of all the same.
    exchange.offer(before, isFound: false)
    guard case .item(.request(let second)) = await listener.next(), second == before else {
      Issue.record("not the request"); return
    }
  }

  @Test("a cancelled task does not wait")
  func cancelling() async {
    let trigger = ListenedTrigger(workspace: Self.workspace, trigger: Self.trigger)
    let listener = Listener(
      session: .random(), trigger: trigger, begin: UnixTime(microseconds: 0), queue: ListenQueue(), received: 0)
    let isCancelled = await withTaskGroup(of: Bool.self) { group in
      group.addTask { if case .cancelled = await listener.next() { true } else { false } }
      group.cancelAll()
      return await group.next() ?? false
    }
    #expect(isCancelled)
  }
}
