import Observability
import Testing

@Suite struct TraceContextTests {
  @Test(arguments: [
    "", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0", "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
    "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-00000000000000000000000000000000-b7ad6b7169203331-01",
    "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
    "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01", "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01",
  ])
  func refuses(text: String) {
    #expect(TraceContext(Array(text.utf8)) == nil)
  }

  /// The example of the W3C's Trace Context, §3.2.
  @Test func readsAndPrintsTheExampleOfTheSpecification() throws {
    let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    let context = try #require(TraceContext(Array(text.utf8)))
    #expect("\(context)" == text)
    let child = context.child()
    #expect(child.traceID == context.traceID)
    #expect(child.parentID != context.parentID)
  }

  @Test func aLaterVersionIsReadAsFarAsThisOneReaches() {
    #expect(TraceContext(Array("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more".utf8)) != nil)
  }

  @Test func generatedOnesAreDistinctAndReadable() {
    let contexts = (0..<100).map { _ in TraceContext.generate() }
    #expect(Set(contexts).count == 100)
    #expect(contexts.allSatisfy { TraceContext(Array("\($0)".utf8)) == $0 })
  }
}
