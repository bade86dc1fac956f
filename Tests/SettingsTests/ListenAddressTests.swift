import Settings
import Testing

@Suite struct ListenAddressTests {
  @Test(arguments: [
    "", ":", ":80", "localhost", "localhost:", "localhost:x", "localhost:65536", "localhost:-1", "::1:80", "[]:80",
  ])
  func refuses(text: String) {
    #expect(ListenAddress(text) == nil)
  }

  @Test(arguments: [("127.0.0.1:0", "127.0.0.1", 0), ("localhost:7400", "localhost", 7400), ("[::1]:65535", "::1", 65535)])
  func readsAndPrints(text: String, host: String, port: Int) {
    #expect(ListenAddress(text) == ListenAddress(host: host, port: port))
    #expect(ListenAddress(host: host, port: port).description == text)
  }

  /// A name that only looks like loopback is not: plain text is allowed there.
  @Test(arguments: [
    ("127.0.0.1", true), ("127.9.9.9", true), ("::1", true), ("localhost", true), ("127.example.com", false), ("0.0.0.0", false),
    ("::", false), ("192.0.2.1", false), ("localhost.example.com", false),
  ])
  func knowsLoopback(host: String, isLoopback: Bool) {
    #expect(ListenAddress(host: host, port: 1).isLoopback == isLoopback)
  }
}
