import Testing

@testable import Addresses

@Suite struct OriginPatternTests {
  @Test(arguments: [
    ("", AddressSyntaxError.notAnOrigin), ("*", .notAnOrigin), ("null", .notAnOrigin), ("shop.example.com", .notAnOrigin),
    ("https:shop", .notAnOrigin),
    ("//shop.example.com", .notAnOrigin), ("://x", .notAnOrigin), ("1http://x", .notAnOrigin), ("https://", .notAnOrigin),
    ("https://a..b", .notAnOrigin),
    ("https://.b", .notAnOrigin), ("https://b.", .notAnOrigin), ("https://a b", .notAnOrigin),
    ("https://ü.example", .notAnOrigin),
    ("https://[::1", .notAnOrigin), ("https://[1.2.3.4]", .notAnOrigin), ("https://[::1]x", .notAnOrigin),
    ("https://a%2eb", .notAnOrigin),
    ("https://shop.example.com/", .originHasMore), ("https://shop.example.com/path", .originHasMore),
    ("https://a?b", .originHasMore),
    ("https://u@shop.example.com", .originHasMore), ("https://a#b", .originHasMore), ("https://a\\b", .originHasMore),
    ("https://*", .wildcardMisplaced), ("https://*.com", .wildcardMisplaced), ("https://a.*.com", .wildcardMisplaced),
    ("https://*a.example.com", .wildcardMisplaced), ("https://*.*.example.com", .wildcardMisplaced),
    ("https://*.example.*", .wildcardMisplaced),
    ("https://a:", .portInvalid), ("https://a:0", .portInvalid), ("https://a:65536", .portInvalid),
    ("https://a:8x", .portInvalid),
    ("https://a:1:2", .portInvalid), ("https://[::1]:", .portInvalid), ("https://*.example.com:*", .portInvalid),
  ])
  func refuses(_ text: String, _ expected: AddressSyntaxError) {
    #expect(throws: expected) { try OriginPattern(parsing: text) }
    #expect(OriginPattern(text) == nil)
  }

  @Test(arguments: [
    ("https://shop.example.com", "https://shop.example.com", true),
    ("https://shop.example.com", "http://shop.example.com", false),
    ("https://shop.example.com", "https://shop.example.com:443", true),
    ("https://shop.example.com:443", "https://shop.example.com", true),
    ("http://shop.example.com:80", "http://shop.example.com", true),
    ("https://shop.example.com", "https://shop.example.com:8443", false),
    ("https://shop.example.com:8443", "https://shop.example.com:8443", true),
    ("https://shop.example.com:80", "https://shop.example.com", false),
    ("HTTPS://Shop.Example.COM", "https://shop.example.com", true),
    ("https://shop.example.com", "HTTPS://SHOP.EXAMPLE.COM", true),
    ("https://shop.example.com", "https://shop.example.com.evil.test", false),
    ("https://shop.example.com", "https://evilshop.example.com", false),
    ("https://shop.example.com", "https://shop.example.com/", false),
    ("https://shop.example.com", "https://shop.example.com@evil.test", false),
    ("https://shop.example.com", "null", false), ("https://shop.example.com", "", false),
    ("https://shop.example.com", "https://shop.example.com, https://evil.test", false),
    ("https://*.example.com", "https://shop.example.com", true), ("https://*.example.com", "https://a.b.example.com", true),
    ("https://*.example.com", "https://example.com", false), ("https://*.example.com", "https://.example.com", false),
    ("https://*.example.com", "https://evilexample.com", false),
    ("https://*.example.com", "https://example.com.evil.test", false),
    ("https://*.example.com", "https://*.example.com", false), ("https://*.example.com", "http://shop.example.com", false),
    ("https://*.example.com", "https://shop.example.com:444", false),
    ("https://*.example.com:444", "https://shop.example.com:444", true),
    ("https://*.0.0.1", "https://127.0.0.1", false), ("http://127.0.0.1:3000", "http://127.0.0.1:3000", true),
    ("http://localhost", "http://localhost:80", true),
    ("http://[::1]:8080", "http://[0:0:0:0:0:0:0:1]:8080", true), ("http://[::1]:8080", "http://[::2]:8080", false),
    ("capacitor://localhost", "capacitor://localhost", true), ("capacitor://localhost", "capacitor://localhost:1", false),
  ])
  func matches(_ pattern: String, _ origin: String, _ expected: Bool) throws {
    #expect(try OriginPattern(parsing: pattern).matches(origin) == expected)
  }

  @Test(arguments: [
    ("HTTPS://Shop.Example.com:443", "https://shop.example.com"), ("https://*.Example.com:8443", "https://*.example.com:8443"),
    ("http://[0::1]:80", "http://[::1]"), ("capacitor://localhost", "capacitor://localhost"),
  ])
  func prints(_ text: String, _ expected: String) throws {
    #expect(try OriginPattern(parsing: text).description == expected)
  }
}
