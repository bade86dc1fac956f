import HeadgateProto
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import RPC

/// How fast a stream may go: the gate of its sender and the queue of its receiver.
@Suite struct StreamFlowTests {
  private static func error(_ body: () async throws(RPCError) -> Void) async -> RPCError? {
    do throws(RPCError) {
      try await body()
      return nil
    } catch {
      return error
    }
  }

  // MARK: the gate

  @Test func aMessageWithoutCreditWaitsForAGrant() async throws {
    let gate = SendGate(credit: 1, byteLimit: 1000)
    try await gate.acquire(1)
    let waiting = Task { await Self.error { () async throws(RPCError) in try await gate.acquire(1) } }
    #expect(gate.grant(1))
    #expect(await waiting.value == nil)
  }

  @Test func bytesUnderWayAreBoundedButOneMessageAlwaysFits() async throws {
    let gate = SendGate(credit: nil, byteLimit: 10)
    try await gate.acquire(100)
    let waiting = Task { await Self.error { () async throws(RPCError) in try await gate.acquire(1) } }
    gate.sent(100)
    #expect(await waiting.value == nil)
  }

  @Test func creditAndBytesAreBothNeeded() async throws {
    let gate = SendGate(credit: 1, byteLimit: 10)
    try await gate.acquire(10)
    let waiting = Task { await Self.error { () async throws(RPCError) in try await gate.acquire(10) } }
    #expect(gate.grant(1))
    gate.sent(10)
    #expect(await waiting.value == nil)
  }

  @Test func whoWaitsWhenTheStreamEndsGetsItsError() async throws {
    let gate = SendGate(credit: 0, byteLimit: 10)
    let gone = RPCError(.unavailable, "gone")
    let waiting = Task { await Self.error { () async throws(RPCError) in try await gate.acquire(1) } }
    gate.close(gone)
    #expect(await waiting.value == gone)
    #expect(await Self.error { () async throws(RPCError) in try await gate.acquire(1) } == gone)
    gate.close(RPCError(.internal, "later"))
    #expect(gate.closingError == gone, "the first counts")
  }

  @Test func aCancelledWriterStopsWaitingAndTakesNothing() async throws {
    let gate = SendGate(credit: 0, byteLimit: 10)
    let waiting = Task { await Self.error { () async throws(RPCError) in try await gate.acquire(1) } }
    waiting.cancel()
    #expect(await waiting.value?.code == .cancelled)
    #expect(gate.grant(1))
    try await gate.acquire(1)
  }

  @Test func moreCreditThanTheWireCanCountIsRefused() {
    let gate = SendGate(credit: 1, byteLimit: 10)
    #expect(gate.grant(Int(UInt32.max) - 1))
    #expect(!gate.grant(1))
    #expect(SendGate(credit: nil, byteLimit: 10).grant(1), "without credits a grant means nothing")
  }

  // MARK: the queue

  private static func queue(messages: Int = 4, bytes: Int = 100, credit: Int? = nil, granted: (@Sendable (Int) -> Void)? = nil)
    -> ReceiveQueue
  {
    ReceiveQueue(limits: .init(messages: messages, bytes: bytes), initialCredit: credit, grant: granted ?? { _ in })
  }

  private static func message(_ count: Int) -> ByteBuffer { ByteBuffer(repeating: 7, count: count) }

  @Test func aFullQueueRefusesAndKeepsWhatItHas() async throws {
    let byCount = Self.queue(messages: 2)
    #expect(byCount.push(Self.message(1)) && byCount.push(Self.message(2)) && !byCount.push(Self.message(3)))
    #expect(try await byCount.next() == Self.message(1))
    #expect(byCount.push(Self.message(3)))
    let byBytes = Self.queue(bytes: 10)
    #expect(byBytes.push(Self.message(500)), "one message may be longer than the limit")
    #expect(!byBytes.push(Self.message(1)))
  }

  @Test func whatCameBeforeTheEndIsReadBeforeIt() async throws {
    let queue = Self.queue()
    #expect(queue.push(Self.message(1)))
    queue.finish(.failure(RPCError(.aborted, "x")))
    queue.finish(.success(()))
    #expect(queue.push(Self.message(2)), "dropped, not refused: the stream is over")
    #expect(try await queue.next() == Self.message(1))
    #expect(await Self.error { () async throws(RPCError) in _ = try await queue.next() }?.code == .aborted)
    #expect(await Self.error { () async throws(RPCError) in _ = try await queue.next() }?.code == .aborted)
  }

  @Test func aWaitingConsumerGetsTheNextMessageOrTheEnd() async throws {
    let queue = Self.queue()
    let first = Task { try await queue.next() }
    #expect(queue.push(Self.message(3)))
    #expect(try await first.value == Self.message(3))
    let second = Task { try await queue.next() }
    queue.finish(.success(()))
    #expect(try await second.value == nil)
  }

  @Test func anAbandonedQueueIsEmptyAndEnds() async {
    let queue = Self.queue()
    #expect(queue.push(Self.message(1)))
    queue.abandon()
    #expect(await Self.error { () async throws(RPCError) in _ = try await queue.next() }?.code == .cancelled)
  }

  @Test func aCancelledConsumerStopsWaitingAndLosesNothing() async throws {
    let queue = Self.queue()
    let waiting = Task { await Self.error { () async throws(RPCError) in _ = try await queue.next() } }
    waiting.cancel()
    #expect(await waiting.value?.code == .cancelled)
    #expect(queue.push(Self.message(1)))
    #expect(try await queue.next() == Self.message(1))
  }

  /// Credit comes back in halves, and what was granted never exceeds what was taken.
  @Test func takenMessagesAreGrantedAgain() async throws {
    let granted = Atomic(0)
    let queue = ReceiveQueue(limits: .init(messages: 8, bytes: 100), initialCredit: 8) { granted.add($0, ordering: .relaxed) }
    for taken in 1...20 {
      #expect(queue.push(Self.message(1)))
      _ = try await queue.next()
      let sum = granted.load(ordering: .relaxed)
      #expect(sum == taken / 4 * 4)
    }
  }

  // MARK: the mailbox

  /// However many events gather, the event loop is woken once.
  @Test func eventsGatherForOneWakeUp() {
    let loop = EmbeddedEventLoop()
    let mailbox = Mailbox<Int>(eventLoop: loop)
    var batches: [[Int]] = []
    mailbox.receive { batches.append($0) }
    for event in 0..<100 { #expect(mailbox.post(event)) }
    #expect(batches.isEmpty)
    loop.run()
    #expect(batches == [Array(0..<100)])
    #expect(mailbox.post(100))
    loop.run()
    #expect(batches.count == 2)
  }

  @Test func aClosedMailboxReturnsWhatNobodyTook() {
    let loop = EmbeddedEventLoop()
    let mailbox = Mailbox<Int>(eventLoop: loop)
    mailbox.receive { _ in Issue.record("nothing is delivered after the end") }
    #expect(mailbox.post(1))
    #expect(mailbox.close() == [1])
    #expect(!mailbox.post(2))
    loop.run()
  }
}
