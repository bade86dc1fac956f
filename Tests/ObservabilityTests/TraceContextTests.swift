import Testing

@testable import Observability

@Suite struct TraceContextTests {
  static let valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

  @Test(arguments: [
    "", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x",
    "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
    "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01", "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "0x-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x",
    " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-é",
  ])
  func ignoresWhatIsNone(_ text: String) {
    #expect(TraceContext(text.utf8) == nil)
  }

  @Test func readsAndPrints() throws {
    let context = try #require(TraceContext(Self.valid.utf8))
    #expect(context.description == Self.valid)
    #expect(context.flags == 1)
    let later = try #require(TraceContext("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what.the.future".utf8))
    #expect(later == context)
  }

  @Test func aRequestsSpanIsOfTheCallersTraceOrOfItsOwn() throws {
    let caller = try #require(TraceContext(Self.valid.utf8))
    let (high, low) = (0x0190_0000_0000_7001 as UInt64, 0x8000_0000_0000_0001 as UInt64)
    let continued = TraceContext(ofRequest: high, low, continuing: caller)
    #expect(continued.description == "00-4bf92f3577b34da6a3ce929d0e0e4736-8000000000000001-01")
    let own = TraceContext(ofRequest: high, low, continuing: nil)
    #expect(own.description == "00-01900000000070018000000000000001-8000000000000001-00")
    #expect(own.traceIDText == "01900000000070018000000000000001")
    #expect(continued.traceIDBytes.prefix(3) == [0x4b, 0xf9, 0x2f] && continued.traceIDBytes.count == 16)
    #expect(TraceContext(own.description.utf8) == own, "valid as it is")
  }

  @Test func goesOnWithTheTrace() throws {
    let parent = try #require(TraceContext(Self.valid.utf8))
    let child = parent.child()
    #expect(child.traceID == parent.traceID && child.parentID != parent.parentID && child.flags == parent.flags)
    #expect(TraceContext(TraceContext.generate().description.utf8) != nil)
    #expect(TraceContext.generate() != TraceContext.generate())
  }
}
