import Testing

@testable import Rules

@Suite struct ContactNormalizationTests {
  private static let refused: [(ContactKind, [String])] = [
    (
      .email,
      [
        "ana", "@x.com", "ana@", "a@b@x.com", "ana@localhost", "ana x@x.com", ".ana@x.com", "ana..b@x.com", "ana@-x.com",
        "ana@x.c-", "ana@x..com", "ana@10.0.0.1", "Ana <ana@x.com>", "\"a b\"@x.com", "ana@x_y.com", many("a", 65) + "@x.com",
        "a@" + many("a", 64) + ".com", "a@" + many("abcd.", 60) + "com", "a\u{0}@x.com", "ana@💥.com",
      ]
    ),
    (.phone, ["call me", "98888-7777", many("1", 65)]), (.sms, ["12345"]), (.whatsapp, ["whatsapp:", "ana@s.whatsapp.net"]),
    (.document, ["---", many("1", 65)]), (.instagram, ["@", "https://instagram.com/ana"]), (.telegram, ["ana maria"]),
    (.name, [many("n", 513), "a\u{0}b", "a\u{1b}[31m", many(" ", 4097)]), (.webchat, [many("v", 257), "a\nb"]),
  ]

  private static func many(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

  @Test(arguments: refused)
  func whatIsNoneOfItsKindIsRefused(kind: ContactKind, texts: [String]) {
    for text in texts {
      #expect(throws: ContactProblem.self, "\(text)") { try kind.normalize(Array(text.utf8), region: "BR") }
    }
  }

  @Test(arguments: ContactKind.allCases)
  func whatIsNotUTF8IsRefusedAndSpaceIsNothing(kind: ContactKind) throws {
    #expect(throws: ContactProblem.self) { try kind.normalize([0x61, 0xff, 0x40], region: "BR") }
    #expect(try kind.normalize([], region: "BR") == nil)
    #expect(try kind.normalize(Array(" \t\u{00a0}\n".utf8), region: "BR") == nil)
  }

  private static let forms: [(ContactKind, String, String)] = [
    (.email, "  Ana.Maria+Shop@Example.COM ", "ana.maria+shop@example.com"), (.email, "JOSÉ@x.com", "josé@x.com"),
    // The samples of RFC 3492 and a well-known domain; both spellings are one address.
    (.email, "ana@MÜNCHEN.de", "ana@xn--mnchen-3ya.de"), (.email, "ana@xn--mnchen-3ya.de", "ana@xn--mnchen-3ya.de"),
    (.email, "ana@例え.jp", "ana@xn--r8jz45g.jp"), (.email, "ana@bücher.example", "ana@xn--bcher-kva.example"),
    (.email, "\u{200b}ana@x.com", "ana@x.com"), (.phone, "(11) 98888-7777", "+5511988887777"),
    (.phone, "+1 202 555 0123", "+12025550123"), (.phone, "\u{202a}+55 11 98888-7777\u{202c}", "+5511988887777"),
    (.sms, "11988887777", "+5511988887777"), (.whatsapp, "5511988887777", "+5511988887777"),
    (.whatsapp, "whatsapp:+5511988887777", "+5511988887777"), (.whatsapp, "5511988887777@s.whatsapp.net", "+5511988887777"),
    (.whatsapp, "5511988887777@c.us", "+5511988887777"), (.whatsapp, "4915112345678", "+4915112345678"),
    (.document, "123.456.789-09", "12345678909"), (.document, "12.abc.345/01de-35", "12ABC34501DE35"),
    (.instagram, "@Ana.Maria", "ana.maria"), (.telegram, " @AnaMaria ", "anamaria"), (.telegram, "123456789", "123456789"),
    (.name, "  Ana   Maria\tdos\u{a0}Santos ", "Ana Maria dos Santos"), (.webchat, " Visitor-7F ", "Visitor-7F"),
  ]

  @Test(arguments: forms)
  func valuesAreComparedInOneForm(kind: ContactKind, text: String, form: String) throws {
    #expect(try kind.normalize(Array(text.utf8), region: "BR") == form)
    // What is in that form stays as it is.
    #expect(try kind.normalize(Array(form.utf8), region: "BR") == form)
  }

  @Test func withoutRegionANumberNeedsItsCountry() throws {
    #expect(throws: ContactProblem.self) { try ContactKind.phone.normalize(Array("11988887777".utf8), region: "") }
    #expect(try ContactKind.phone.normalize(Array("+5511988887777".utf8), region: "") == "+5511988887777")
    // An account of WhatsApp always has its country in front.
    #expect(try ContactKind.whatsapp.normalize(Array("5511988887777".utf8), region: "") == "+5511988887777")
  }

  @Test func namesAreComparedWithoutCase() {
    #expect(ContactKind.nameKey("ANA Ávila") == ContactKind.nameKey("Ana ávila"))
  }
}
