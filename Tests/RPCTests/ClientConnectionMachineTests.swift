import HeadgateProto
import NIOCore
import Testing

@testable import RPC

/// What a server may send, as a script of frames and what the client's machine says to each.
@Suite struct ClientConnectionMachineTests {
  private final class Script {
    var machine: ClientConnectionMachine<String>

    init(calls: Int = 10, firstStreamID: UInt32 = 1) {
      machine = ClientConnectionMachine(maximumCalls: calls, firstStreamID: firstStreamID)
    }

    /// The stream's number, or why there is none.
    func start(
      _ call: String, _ expectation: ClientConnectionMachine<String>.Expectation = .response,
      deadline: NIODeadline = .distantFuture
    ) -> String {
      do throws(ClientConnectionMachine<String>.StartRefusal) {
        return "\(try machine.start(call, expecting: expectation, deadline: deadline))"
      } catch {
        return "\(error)"
      }
    }

    func frame(_ type: FrameType, _ streamID: UInt32, flags: FrameFlags = [], payload: ByteBuffer = ByteBuffer()) -> String {
      let header = FrameHeader(type: type, flags: flags, streamID: streamID, length: payload.readableBytes)
      switch machine.received(header, payload: payload) {
      case .none: return "none"
      case .response(let call, let expectation): return "response \(call) \(expectation)"
      case .message(let call): return "message \(call)"
      case .lastMessage(let call): return "lastMessage \(call)"
      case .end(let call): return "end \(call)"
      case .fail(let call, let error): return "fail \(call) \(error.code)"
      case .credit(let call, let count): return "credit \(call) \(count)"
      case .ping: return "ping"
      case .goAway(let goAway, let unprocessed): return "goAway \(goAway.lastStreamID) \(unprocessed)"
      case .close(let error): return "close \(error.code)"
      }
    }

    func expired(at second: Int64) -> [String] {
      machine.expired(now: .uptimeNanoseconds(0) + .seconds(second)).map(\.call)
    }
    func abandon(_ streamID: UInt32) -> String? { machine.abandon(streamID) }
    func closed() -> [String] { machine.closed() }
    var openCalls: Int { machine.openCalls }
    var isGoingAway: Bool { machine.isGoingAway }
  }

  /// Frames for streams that this side never opened leave no doubt: the connection is closed.
  @Test(arguments: [0, 2, 4, 5, 0xffff_ffff] as [UInt32])
  func framesForStreamsNeverOpenedCloseTheConnection(streamID: UInt32) {
    let script = Script()
    #expect(script.start("a") == "1")
    #expect(script.start("b") == "3")
    #expect(script.frame(.response, streamID) == "close internal")
    #expect(script.frame(.data, streamID) == "close internal")
  }

  @Test func aServerDoesNotSendRequests() {
    #expect(Script().frame(.request, 1) == "close internal")
  }

  @Test func whatComesForACallThatWasGivenUpIsDropped() {
    let script = Script()
    #expect(script.start("a") == "1")
    #expect(script.abandon(1) == "a")
    #expect(script.abandon(1) == nil)
    #expect(script.frame(.response, 1) == "none")
    #expect(script.frame(.data, 1) == "none")
  }

  @Test func aMessageWhereOneResponseIsDueFailsThatCallOnly() {
    let script = Script()
    #expect(script.start("a") == "1")
    #expect(script.start("b") == "3")
    #expect(script.frame(.data, 1) == "fail a internal")
    #expect(script.frame(.response, 3) == "response b response")
    #expect(script.openCalls == 0)
  }

  @Test func aStreamEndsWithItsFlagOrAResponseAndOnlyOnce() {
    let script = Script()
    for call in ["a", "b", "c"] { _ = script.start(call, .messages) }
    #expect(script.frame(.data, 1) == "message a")
    #expect(script.frame(.data, 1, flags: .noData) == "none")
    #expect(script.frame(.data, 1, flags: [.remoteClosed, .noData]) == "end a")
    #expect(script.frame(.data, 1) == "none")
    #expect(script.frame(.data, 3, flags: .remoteClosed) == "lastMessage b")
    #expect(script.frame(.response, 5) == "response c messages")
    #expect(script.frame(.response, 5) == "none")
  }

  @Test func extensionsAreIgnoredUntilTheyAreAgreed() {
    let script = Script()
    #expect(script.start("a") == "1")
    let goAway = GoAway(lastStreamID: 0, reason: "bye").payload
    #expect(script.frame(.ping, 0) == "none")
    #expect(script.frame(.goAway, 0, payload: goAway) == "none")
    #expect(script.frame(.credit, 1) == "none")
    script.machine.agreed(.all)
    #expect(script.frame(.ping, 0, payload: ByteBuffer(integer: UInt64(7))) == "ping")
    #expect(script.frame(.pong, 0) == "none")
    #expect(script.frame(.credit, 1, payload: Credit.encode(5)) == "credit a 5")
    #expect(script.frame(.credit, 9, payload: Credit.encode(5)) == "none")
  }

  /// Extension frames that are not what they should be, once agreed.
  @Test(arguments: [
    (FrameType.ping, [UInt8](repeating: 0, count: 7)), (.ping, []), (.goAway, [0, 0, 0]), (.goAway, []),
    (.goAway, [UInt8](repeating: 0, count: 8 + GoAway.maximumReasonBytes + 1)), (.credit, []), (.credit, [0, 0, 0, 0]),
    (.credit, [0, 0, 0, 1, 0]),
  ])
  func malformedExtensionFramesCloseTheConnection(type: FrameType, payload: [UInt8]) {
    let script = Script()
    script.machine.agreed(.all)
    #expect(script.frame(type, 0, payload: ByteBuffer(bytes: payload)) == "close internal")
  }

  @Test func goingAwayGivesBackWhatWasNotProcessed() {
    let script = Script()
    script.machine.agreed(.all)
    for call in ["a", "b", "c"] { _ = script.start(call) }
    #expect(script.frame(.goAway, 0, payload: GoAway(lastStreamID: 1, reason: "").payload) == #"goAway 1 ["b", "c"]"#)
    #expect(script.start("d") == "goingAway")
    #expect(script.frame(.response, 1) == "response a response")
    #expect(script.frame(.response, 3) == "none", "a race: it was opened once")
  }

  @Test func callsAndStreamNumbersAreBounded() {
    let script = Script(calls: 2, firstStreamID: 0xffff_fffd)
    #expect(script.start("a") == "4294967293")
    #expect(script.start("b") == "4294967295")
    #expect(script.start("c") == "streamIDsUsedUp")
    let full = Script(calls: 1)
    #expect(full.start("a") == "1")
    #expect(full.start("b") == "tooManyCalls")
    #expect(full.frame(.response, 1) == "response a response")
    #expect(full.start("b") == "3")
  }

  @Test func onlyWhatIsDueExpires() {
    let script = Script()
    for (call, second) in [("a", Int64(5)), ("b", 3), ("c", 9)] {
      _ = script.start(call, deadline: .uptimeNanoseconds(0) + .seconds(second))
    }
    #expect(script.expired(at: 2).isEmpty)
    #expect(script.expired(at: 5) == ["a", "b"])
    #expect(script.frame(.response, 1) == "none")
    #expect(script.closed() == ["c"])
    #expect(script.start("d") == "goingAway")
  }
}
