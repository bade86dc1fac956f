@testable import Rules

/// Makes triggers of random fields, most of them right.
struct FlowFileFuzz {
  var source: FuzzSource

  /// A member of a node: name and JSON.
  typealias Member = (name: String, json: String)

  /// The members of a node, besides "id" and "type".
  mutating func members() -> [Member] {
    var fields: [Member] = []
    if source.oneIn(8) {
      fields.append(("source", source.pick([#""shop/hook""#, #""orders/hook""#, #""x""#, #""a/b/c""#, #""/""#, "1"])))
    } else {
      fields.append(("auth", auth()))
    }
    if source.oneIn(2) { fields.append(("split", split())) }
    if source.oneIn(2) { fields.append(("dedup", dedup())) }
    if source.oneIn(3) { fields.append(("order_by", "\"\(source.value())\"")) }
    if source.oneIn(4) { fields.append(("deadline", duration())) }
    if source.oneIn(4) { fields.append(("rate_limit", rateLimit())) }
    if source.oneIn(3) { fields.append(("response", response())) }
    if source.oneIn(3) { fields.append(("events", events())) }
    if source.oneIn(2) { fields.append(("map", "[\(list(4) { $0.mapping($1) })]")) }
    if source.oneIn(3) { fields.append(("customer", "[\(list(3) { $0.customer($1) })]")) }
    if source.oneIn(3) { fields.append(("chat", chat())) }
    if source.oneIn(6) {
      fields.append(("methods", source.pick([#"["GET","POST"]"#, #"["put"]"#, "[]", #"["HEAD"]"#, #""POST""#])))
    }
    if source.oneIn(6) {
      fields.append(
        (
          "allow",
          source.pick([#"{"ips":["10.0.0.0/8","::1"]}"#, #"{"origins":["https://*.a.example"]}"#, "{}", #"{"ips":["x"]}"#])
        ))
    }
    // A field of any kind where another one should be.
    if source.oneIn(5) {
      fields.append((source.pick(TriggerConfiguration.fields + ["splitt"]), source.json(depth: 2)))
    }
    return fields
  }

  /// A flow file with one node of these members, which leads to a task.
  static func text(_ members: [Member]) -> [UInt8] {
    Sample.flowText(
      members.map { "\"\($0.name)\":\($0.json)" }.joined(separator: ","), connections: #"{"from":"hook","to":"other"}"#)
  }

  /// The members without those that the faults are of; a node that anyone may call if who may call is among them.
  static func mended(_ members: [Member], _ faults: [ConfigurationFault]) -> [Member] {
    var seen: Set<String> = []
    var left = members.filter { member in
      let path = "nodes[0].\(member.name)"
      let isFaulty = faults.contains { $0.path == path || $0.path.hasPrefix(path + ".") || $0.path.hasPrefix(path + "[") }
      return seen.insert(member.name).inserted && !isFaulty
    }
    if !left.contains(where: { $0.name == "auth" || $0.name == "source" }) { left.append(("auth", #"{"mode":"public"}"#)) }
    return left
  }

  /// A flow that can be read: what has faults is left out.
  mutating func flow() -> FlowDefinition? {
    var members = members()
    for _ in 0..<4 {
      do throws(InvalidFlow) {
        return try FlowDefinition.parse(Self.text(members)).definition
      } catch {
        members = Self.mended(members, error.faults)
      }
    }
    return nil
  }

  private mutating func list(_ most: Int, _ element: (inout FlowFileFuzz, Int) -> String) -> String {
    (0..<source.below(most + 1)).map { element(&self, $0) }.joined(separator: ",")
  }

  mutating func auth() -> String {
    let secret = source.pick([
      "", #","secret":"canary-canary-canary""#, #","secret":"generated""#, #","secret":"pending""#, #","secret":"""#,
    ])
    let token =
      source.oneIn(3)
      ? #","verify_token":\#(source.pick([#""canary-token""#, #""generated""#, #""""#, "1", #""pending""#]))"# : ""
    let handshake = source.oneIn(3) ? #","handshake":\#(self.handshake())"# : ""
    switch source.below(6) {
    case 0: return #"{"mode":"public"\#(handshake)}"#
    case 1: return #"{"mode":"bearer"\#(secret)\#(handshake)\#(token)}"#
    case 2, 3:
      return #"{"preset":"\#(source.pick(AuthenticationRule.presetNames + ["meta", "meta", "braintree"]))"\#(secret)\#(token)}"#
    case 4: return #"{"mode":"hmac"\#(secret)\#(handshake)\#(token),"scheme":\#(scheme())}"#
    default:
      return
        #"{"mode":"\#(source.pick(["header", "query", "basic", "ed25519", "x"]))","name":"x-a","username":"u"\#(handshake)\#(token)}"#
    }
  }

  private static let places = ["header:x-a", "query:c", "json:a.0.b", "form:f", "header:", "x"]

  mutating func handshake() -> String {
    var text = #"{"match":{"\#(source.pick(Self.places + ["method"]))":"\#(source.pick(["*", "GET", "v"]))"}"#
    if source.oneIn(3) { text += #","check":"\#(source.pick(Self.places))""# }
    if source.oneIn(3) { text += #","after_verify":\#(source.pick(["true", "false", "1"]))"# }
    if source.oneIn(4) { text += #","signs":"\#(source.pick(["token", "hex", "x"]))""# }
    let part = source.pick([
      "", "{secret_id}", "{\(source.pick(Self.places))}", "{hmac_hex:\(source.pick(Self.places))}", "{hmac_sha1_base64:query:c}",
      "{",
    ])
    switch source.below(4) {
    case 0: text += #","respond":{"text":"a\#(part)b"}"#
    case 1: text += #","respond":{"status":\#(source.pick(["204", "299", "300"])),"headers":{"X-B":"\#(part)"}}"#
    case 2: text += #","respond":{"json":{"é":"\#(part)","b":"\#(part)"}}"#
    default: break
    }
    return text + "}"
  }

  mutating func scheme() -> String {
    let place = source.pick([
      #"{"in":"header","name":["x-a","x-b-*"]}"#, #"{"in":"query","name":"sig"}"#, #"{"in":"json","name":"a.0.sig"}"#,
      #"{"in":"form","name":"s","list_sep":"&","kv_sep":"|","key":"*"}"#,
      #"{"in":"header","name":"x-a","list_sep":",","kv_sep":"=","key":"v1"}"#, #"{"in":"header"}"#,
    ])
    var text =
      #"{"algorithm":"\#(source.pick(["sha1", "sha256", "sha512"]))","encoding":"\#(source.pick(["hex", "base64", "base64url"]))","signature":\#(place)"#
    text += #","signed":"\#(template())""#
    if source.oneIn(2) {
      let at = source.pick([
        #"{"in":"header","name":"x-ts","unit":"ms"}"#, #"{"in":"signature","name":"t","tolerance":"none"}"#,
        #"{"in":"json","name":"t","unit":"iso8601","tolerance":60}"#,
      ])
      text += #","timestamp":\#(at)"#
    }
    if source.oneIn(3) {
      text +=
        #","secret":{"decode":"\#(source.pick(["utf8", "base64", "hex", "sha1"]))","id_sep":"|","strip_prefix":"w_","html_unescape":true}"#
    }
    if source.oneIn(5) { text += #","url_variants":["as_is","no_port","default_port"]"# }
    if source.oneIn(5) { text += #","body_digest":{"in":"query","name":"d","algorithm":"sha256"}"# }
    if source.oneIn(8) { text += #","guard":{"json_array_len":["a",1]}"# }
    return text + "}"
  }

  /// The signed text: pieces in any order.
  mutating func template() -> String {
    source.text(
      of: [
        "{body}", "{ts}", ".", "{method}", "{url}", "{path}", "{target}", "{header:x-id}", "{query:q|lower}", "{json:a.0.b}", "[",
        "]", "{secret}", "\\\\{", "{form_sorted}", "{headers:x-list}", "é", "{form:f}", "{",
      ], upTo: 6)
  }

  private mutating func split() -> String {
    func path(_ source: inout FuzzSource) -> String {
      "\"body\(source.text(of: [".a", ".entry", ".changes", "[0]", "[]", "[]", ".items", "[\\\"a b\\\"]", "."], upTo: 5))\""
    }
    switch source.below(4) {
    case 0: return #""preset""#
    case 1: return "[" + (0..<source.below(4)).map { _ in path(&source) }.joined(separator: ",") + "]"
    default: return path(&source)
    }
  }

  private mutating func dedup() -> String {
    switch source.below(4) {
    case 0: source.pick([#""off""#, "false", #""preset""#, "true", #""on""#])
    case 1: #"{"by":"preset","window":\#(duration())}"#
    default: #"{"by":"\#(source.path().replacing("\"", with: "\\\""))"\#(source.oneIn(2) ? #","window":\#(duration())"# : "")}"#
    }
  }

  private mutating func duration() -> String {
    let number = source.pick(["0", "1", "4.5", "500", "90", "7", "-1", "1e3", "0.0001", "99999999999999999999"])
    return "\"\(number)\(source.pick(["ms", "s", "m", "h", "d", "", "x"]))\""
  }

  private mutating func rateLimit() -> String {
    func rule(_ source: inout FuzzSource) -> String {
      source.pick([
        #""per_minute":60"#, #""per_minute":0"#, #""per_minute":1.5,"burst":1"#, #""per_minute":6000000,"burst":1000000"#,
        #""burst":1"#,
      ])
    }
    return source.oneIn(2) ? "{\(rule(&source)),\"per_source\":{\(rule(&source))}}" : "{\(rule(&source))}"
  }

  private mutating func response() -> String {
    let roots = ["body", "query", "trigger.id"]
    return source.pick([
      #"{"status":\#(source.pick(["200", "299", "204", "404"])),"body":"\#(source.value(roots))"}"#,
      #"{"content_type":"\#(source.pick(["text/html", "application/json", "x", "text/plain; charset=utf-8"]))","body":"<p>\#(source.value(roots))"}"#,
      #"{"headers":{"\#(source.pick(["x-a", "Content-Length", "a b"]))":"\#(source.value(roots))"}}"#, #"{"body":""}"#,
    ])
  }

  private mutating func events() -> String {
    let cases = list(3) {
      #"{"id":"\#($0.source.pick(["paid", "c\($1)", "else", ""]))","value":"\#($0.source.pick(["paid", "v\($1)", $0.source.value()]))"}"#
    }
    return #"{"path":"\#(source.path().replacing("\"", with: "\\\""))","cases":[\#(cases)]}"#
  }

  private mutating func mapping(_ index: Int) -> String {
    var text = #"{"variable":"\#(source.pick(["v\(index)", "v\(index)", "é", "1"]))","from":"\#(source.value())""#
    if source.oneIn(2) { text += #","type":"\#(source.pick(VariableType.allCases.map(\.rawValue) + ["x"]))""# }
    if source.oneIn(3) { text += #","default":\#(source.json(depth: 2))"# }
    if source.oneIn(6) { text += #","required":true"# }
    return text + "}"
  }

  private mutating func customer(_ index: Int) -> String {
    let kinds = ["name", "email", "phone", "document", "whatsapp", "instagram", "telegram"]
    let region = source.oneIn(3) ? #","region":"\#(source.pick(["BR", "US", "XX", "br"]))""# : ""
    return
      #"{"field":"\#(kinds[(index * 2 + source.below(2)) % kinds.count])","from":"\#(source.value())","key":\#(source.pick(["true", "true", "false"]))\#(region)}"#
  }

  private mutating func chat() -> String {
    let channel = source.pick(["whatsapp", "email", "instagram", "telegram", "sms", "webchat", "fax"])
    return #"{"channel":"\#(channel)","from":"\#(source.value())"\#(source.oneIn(3) ? #","region":"PT""# : "")}"#
  }
}
