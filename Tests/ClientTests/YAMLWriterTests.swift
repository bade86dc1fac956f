import Testing

@testable import Client

@Suite struct YAMLWriterTests {
  /// Texts that some reader of YAML 1.1 or 1.2 takes for something else.
  static let treacherous = [
    "", " ", "yes", "No", "ON", "off", "y", "n", "true", "null", "~", "Null", "0123", "1e400", "12", "-1", "+1", "0x1f", "1_000",
    "12:30:45", "2026-01-02", ".inf", ".nan", "=", "<<", "- a", "a: b", "a #b", "#a", "*a", "&a", "!a", "|", ">", "%a", "@a",
    "`a", "'a'", "\"a\"", "[a]", "{a}", "a,b", "? a", ": a", "a:", "---", "...", "a\nb", "a\n", "\na", "a\n\n", " a", "a ",
    "a\tb", "\u{0}", "\u{1b}[31m", "\u{7f}", "\u{85}", "\u{2028}", "a\u{feff}", "é", "日本語", "👨‍👩‍👧", "💰\\U0001F4B0", "\\\\U0001F4B0",
    "C:\\U0001F4B0", "\u{e0041}", "a\r\nb", "a \n b", "\\",
    "{{ body.a ?? \"x\" }}", "headers[\"x-event\"]", "whsec_AAAA", "203.0.113.0/24", "2001:db8::/32",
  ]

  @Test(arguments: treacherous) func textReadsBackAsText(_ text: String) throws {
    let value: JSONValue = ["flow": .string(text), "list": [.string(text), [.string(text)]], "o": .object([.init(text, 1)])]
    let yaml = try YAMLWriter.text(value)
    #expect(try YAMLReader.documents(in: yaml).map(\.json) == [value], "\(yaml)")
  }

  @Test(arguments: ["0", "-0", "1e400", "0.10", "123456789012345678901234567890", "-1.5E-7"])
  func numbersKeepTheirDigits(_ digits: String) throws {
    let yaml = try YAMLWriter.text(["count": .number(digits)])
    #expect(yaml == "count: \(digits)\n")
  }

  @Test func emojiStayReadable() throws {
    #expect(try YAMLWriter.text(["label": "Paid 💰", "path": "a\\U0001F4B0"]) == "label: \"Paid 💰\"\npath: \"a\\\\U0001F4B0\"\n")
  }

  @Test func whatIsTooLongForALineStandsInSeveral() throws {
    let text = try YAMLWriter.text(["o": ["name": .string(String(repeating: "x", count: 60)), "other": "y y y y y"]])
    #expect(text.split(separator: "\n").count == 3)
    let fits: JSONValue = ["o": ["name": .string(String(repeating: "x", count: 51)), "other": "y y y y"]]
    #expect(try YAMLWriter.text(fits).count == 81)
    #expect(try YAMLWriter.text(["oo": fits["o"] ?? .null]).split(separator: "\n").count == 3)
  }

  @Test func looksLikeAFlowFile() throws {
    let value: JSONValue = [
      "flow": "orders",
      "nodes": [
        [
          "id": "hook", "type": "webhook_trigger", "auth": ["mode": "hmac", "preset": "kiwify"],
          "allow": ["ips": ["203.0.113.0/24"], "origins": []],
          "events": ["path": "body.event", "cases": [["id": "paid", "value": "order_paid", "label": "Paid: yes"]]],
        ],
        ["id": "welcome", "type": "task"],
      ],
      "connections": [["from": "hook.paid", "to": "welcome"]],
    ]
    #expect(
      try YAMLWriter.text(value) == """
        flow: orders
        nodes:
        - id: hook
          type: webhook_trigger
          auth: {mode: hmac, preset: kiwify}
          allow:
            ips: ["203.0.113.0/24"]
            origins: []
          events:
            path: body.event
            cases:
            - {id: paid, value: order_paid, label: "Paid: yes"}
        - {id: welcome, type: task}
        connections:
        - {from: hook.paid, to: welcome}

        """)
  }
}
