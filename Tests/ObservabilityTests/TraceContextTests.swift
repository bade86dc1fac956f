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

  @Test func goesOnWithTheTrace() throws {
    let parent = try #require(TraceContext(Self.valid.utf8))
    let child = parent.child()
    #expect(child.traceID == parent.traceID && child.parentID != parent.parentID && child.flags == parent.flags)
    #expect(TraceContext(TraceContext.generate().description.utf8) != nil)
    #expect(TraceContext.generate() != TraceContext.generate())
  }
}
