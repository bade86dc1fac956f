import HeadgateProto
import NIOCore
import Testing

@testable import RPC

/// Errors on the wire.
@Suite struct ErrorTests {
  @Test(arguments: [
    RPCError(.notFound, "x"), RPCError(.internal, "internal error", logID: "00ff"), RPCError(.unavailable, "x"),
    RPCError(.unavailable, "x", isRetryable: false), RPCError(.aborted, "x", isRetryable: true),
    RPCError(.invalidArgument, "x", faults: [Fault(path: "a.b", code: "required", message: "is missing")]),
  ])
  func anErrorSurvivesTheWire(error: RPCError) throws {
    #expect(RPCError(error.status) == error)
    #expect(error.status.details.count <= 1)
  }

  @Test func aStatusOfSuccessIsNoErrorAndUnknownCodesAreUnknown() {
    #expect(RPCError(TTRPCStatus()) == nil)
    for code in [-1, 17, 1000, .max, .min] as [Int32] {
      #expect(RPCError(TTRPCStatus(code: code, message: "x"))?.code == .unknown)
    }
  }

  @Test func detailsThatAreNotOursAreIgnored() {
    let details = [
      TTRPCAny(typeUrl: "type.googleapis.com/google.rpc.Help", value: [1, 2, 3]),
      TTRPCAny(typeUrl: RPCError.detailTypeURL, value: [0xff, 0xff]),
    ]
    #expect(RPCError(TTRPCStatus(code: 5, message: "x", details: details)) == RPCError(.notFound, "x"))
  }

  @Test(arguments: ["a", "é", "漢", "👩‍👩‍👧"])
  func aLongMessageIsCutBetweenCharacters(character: String) {
    let message = String(repeating: character, count: 5000)
    let cut = RPCError(.notFound, message).status.message
    #expect(cut.utf8.count <= RPCError.maximumMessageBytes)
    #expect(cut.utf8.count > RPCError.maximumMessageBytes - 4)
    #expect(message.unicodeScalars.starts(with: cut.unicodeScalars))
  }

  @Test func goAwaySurvivesTheWireAndItsReasonIsCut() throws {
    let goAway = GoAway(lastStreamID: 7, code: 14, reason: "bye")
    #expect(GoAway(goAway.payload) == goAway)
    let long = GoAway(lastStreamID: 7, reason: String(repeating: "x", count: 1000))
    #expect(try #require(GoAway(long.payload)).reason.utf8.count == GoAway.maximumReasonBytes)
  }

  @Test(arguments: ["", "a", ":", "a:", ":1", "a:0", "a:65536", "a:-1", "a:x", "::1:7400", "[::1]", "[]:1", "a b:"])
  func endpointsThatAreNone(text: String) {
    #expect(RPCEndpoint(text) == nil)
  }

  @Test(arguments: [("a:1", "a", 1), ("192.0.2.1:7400", "192.0.2.1", 7400), ("[2001:db8::1]:65535", "2001:db8::1", 65535)])
  func endpointsAreReadAndPrinted(text: String, host: String, port: Int) {
    #expect(RPCEndpoint(text) == RPCEndpoint(host: host, port: port))
    #expect(RPCEndpoint(text)?.description == text)
  }
}
