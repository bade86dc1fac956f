import HeadgateProto
import NIOCore
import Testing

@testable import RPC

/// What a peer may send, as a script of frames and what the machine says to each.
@Suite struct ServerConnectionMachineTests {
  /// A machine, told of frames one by one; in a class, because `#expect` copies what it looks at.
  private final class Script {
    var machine: ServerConnectionMachine<String>

    init(streams: Int = 3, bytes: Int = 1000) {
      machine = ServerConnectionMachine(limits: .init(streams: streams, inFlightBytes: bytes))
    }

    /// What the machine wants done with a frame, in short.
    func frame(
      _ type: FrameType, _ streamID: UInt32, flags: FrameFlags = [], length: Int = 10, payload: ByteBuffer = ByteBuffer()
    ) -> String {
      let header = FrameHeader(type: type, flags: flags, streamID: streamID, length: length)
      switch machine.received(header, payload: payload) {
      case .none: return "none"
      case .request(let form): return "request \(form)"
      case .refuse(let error): return "refuse \(error.code)"
      case .data(let hasMessage, let end): return "data \(hasMessage) \(end)"
      case .end(let error): return "end \(error.code)"
      case .cancel: return "cancel"
      case .credit(let count): return "credit \(count)"
      case .ping: return "ping"
      case .close(let error): return "close \(error.code)"
      }
    }

    func opened(
      _ streamID: UInt32, isRemoteClosed: Bool = true, isServerStream: Bool = false, byteCount: Int = 1,
      deadline: NIODeadline = .distantFuture, attachment: String = ""
    ) {
      machine.opened(
        streamID, isRemoteClosed: isRemoteClosed, isServerStream: isServerStream, byteCount: byteCount, deadline: deadline,
        attachment: attachment)
    }

    func ended(_ streamID: UInt32) -> String? { machine.ended(streamID) }
    func expired(at second: Int64) -> [String] {
      machine.expired(now: .uptimeNanoseconds(0) + .seconds(second)).map(\.attachment)
    }
    func drain() -> [UInt32] { machine.drain() }
    var openStreams: Int { machine.openStreams }
    var inFlightBytes: Int { machine.inFlightBytes }
  }

  @Test(arguments: [0, 2, 4, 0xffff_fffe] as [UInt32])
  func anEvenStreamClosesTheConnection(streamID: UInt32) {
    let script = Script()
    #expect(script.frame(.request, streamID) == "close invalidArgument")
  }

  @Test(arguments: [5, 3, 1] as [UInt32])
  func aReusedOrSmallerStreamClosesTheConnection(streamID: UInt32) {
    let script = Script()
    #expect(script.frame(.request, 5) == "request unary")
    #expect(script.frame(.request, streamID) == "close invalidArgument")
  }

  @Test func unknownTypesAreIgnoredAndResponsesAreNot() {
    let script = Script()
    for type in [UInt8(0), 4, 5, 0x7f, 0x85, 0xff] {
      #expect(script.frame(FrameType(rawValue: type), 1) == "none")
    }
    #expect(script.frame(.response, 1) == "close invalidArgument")
  }

  @Test func extensionsAreIgnoredUntilTheyAreAgreed() {
    let script = Script()
    let frames: [(FrameType, ByteBuffer)] = [
      (.ping, ByteBuffer(integer: UInt64(1))), (.cancel, ByteBuffer()), (.credit, ByteBuffer(integer: UInt32(0))),
      (.goAway, ByteBuffer()),
    ]
    for (type, payload) in frames {
      #expect(script.frame(type, 0, payload: payload) == "none")
    }
    script.machine.agreed(.all)
    #expect(script.frame(.ping, 0, payload: ByteBuffer(integer: UInt64(1))) == "ping")
    #expect(
      script.frame(.ping, 0, payload: ByteBuffer(integer: UInt32(1))) == "close invalidArgument")
    #expect(
      script.frame(.credit, 1, payload: ByteBuffer(integer: UInt32(0))) == "close invalidArgument")
    // For a stream that has ended, or never was, a cancellation is a race and no fault.
    #expect(script.frame(.cancel, 1) == "none")
  }

  @Test func dataNeedsAnOpenStreamOfTheClient() {
    let script = Script()
    #expect(script.frame(.data, 1) == "close invalidArgument")
    #expect(
      script.frame(.request, 1, flags: .remoteOpen) == "request remoteOpen")
    script.opened(1, isRemoteClosed: false, isServerStream: false, byteCount: 10, deadline: .distantFuture, attachment: "upload")
    #expect(script.frame(.data, 1) == "data true false")
    #expect(
      script.frame(.data, 1, flags: [.remoteClosed, .noData], length: 0)
        == "data false true")
    #expect(script.frame(.data, 1) == "end invalidArgument")
    #expect(script.ended(1) == "upload")
    #expect(script.frame(.data, 1) == "none", "a race with the end")
    #expect(script.inFlightBytes == 0)
  }

  @Test func streamsAndBytesAreBounded() {
    let script = Script(streams: 2, bytes: 100)
    for streamID in [UInt32(1), 3] {
      #expect(script.frame(.request, streamID, length: 30) == "request unary")
      script.opened(
        streamID, isRemoteClosed: true, isServerStream: false, byteCount: 30, deadline: .distantFuture, attachment: "")
    }
    #expect(script.frame(.request, 5) == "refuse resourceExhausted")
    #expect(script.ended(1) != nil)
    #expect(script.ended(1) == nil, "a stream ends once")
    #expect(
      script.frame(.request, 7, length: 71) == "refuse resourceExhausted")
    #expect(script.frame(.request, 9, length: 70) == "request unary")
  }

  @Test func onlyWhatIsDueExpires() {
    let script = Script()
    for (streamID, second) in [(UInt32(1), Int64(5)), (3, 3), (5, 9)] {
      _ = script.frame(.request, streamID)
      let deadline = NIODeadline.uptimeNanoseconds(0) + .seconds(second)
      script.opened(
        streamID, isRemoteClosed: true, isServerStream: false, byteCount: 1, deadline: deadline, attachment: "\(second)")
    }
    #expect(script.expired(at: 2).isEmpty)
    #expect(script.expired(at: 5) == ["5", "3"])
    #expect(script.expired(at: 5).isEmpty)
    #expect(script.openStreams == 1)
  }

  @Test func aDrainRefusesNewCallsAndEndsWhatWouldNotEnd() {
    let script = Script()
    _ = script.frame(.request, 1)
    script.opened(1, isRemoteClosed: true, isServerStream: false, byteCount: 1, deadline: .distantFuture, attachment: "unary")
    _ = script.frame(.request, 3)
    script.opened(3, isRemoteClosed: true, isServerStream: true, byteCount: 1, deadline: .distantFuture, attachment: "stream")
    #expect(script.drain() == [3])
    #expect(script.frame(.request, 5) == "refuse unavailable")
    #expect(script.openStreams == 2)
  }

  /// Nothing that a peer can say leads anywhere but to an action.
  @Test func randomFramesNeverBreakTheBooks() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      let script = Script(streams: 8, bytes: 500)
      script.machine.agreed(ProtocolExtensions(rawValue: UInt8.random(in: 0...15, using: &random)))
      for _ in 0..<100 {
        let type = FrameType(rawValue: [1, 2, 3, 0x80, 0x81, 0x82, 0x83, 0x84, UInt8.random(in: 0...255)].randomElement() ?? 1)
        let streamID = UInt32.random(in: 0...20)
        let length = Int.random(in: 0...200)
        let payload = ByteBuffer(bytes: (0..<Int.random(in: 0...12)).map { _ in UInt8.random(in: 0...255) })
        let flags = FrameFlags(rawValue: UInt8.random(in: 0...7))
        switch script.frame(type, streamID, flags: flags, length: length, payload: payload) {
        case "request unary", "request remoteClosed": script.opened(streamID, byteCount: length)
        case "request remoteOpen": script.opened(streamID, isRemoteClosed: false, byteCount: length)
        case "cancel": _ = script.ended(streamID)
        case let action where action.hasPrefix("end"): _ = script.ended(streamID)
        default: break
        }
        #expect(script.openStreams <= 8)
        #expect((0...500).contains(script.inFlightBytes))
      }
      _ = script.machine.closed()
      #expect(script.inFlightBytes == 0)
    }
  }
}
