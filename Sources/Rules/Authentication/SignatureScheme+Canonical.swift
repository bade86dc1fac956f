import Cryptography
import JSON

extension SignatureScheme {
  /// Writes the `scheme` object with what differs from the defaults, in a fixed order.
  func writeCanonical(to writer: inout JSONWriter) {
    writer.beginObject()
    switch algorithm {
    case .hmac(let hash), .digest(let hash):
      writer.key("algorithm")
      writer.string(hash.rawValue)
    case .publicKey: break
    }
    writer.key("encoding")
    writer.string(encoding.rawValue)
    writer.key("signature")
    location.writeCanonical(to: &writer)
    writer.key("signed")
    Self.write(signed.map(\.text), to: &writer)
    if let timestamp {
      writer.key("timestamp")
      timestamp.writeCanonical(to: &writer)
    }
    if let prehash {
      writer.key("prehash")
      writer.string(prehash.rawValue)
    }
    if secret != SignatureSecretForm() {
      writer.key("secret")
      secret.writeCanonical(to: &writer)
    }
    if urlVariants != [.asIs] {
      writer.key("url_variants")
      writer.beginArray()
      for variant in urlVariants { writer.string(variant.rawValue) }
      writer.endArray()
    }
    if let bodyDigest {
      writer.key("body_digest")
      writer.beginObject()
      writer.key("in")
      writer.string("query")
      writer.key("name")
      writer.string(bodyDigest.parameter)
      writer.key("algorithm")
      writer.string(bodyDigest.algorithm.rawValue)
      writer.key("encoding")
      writer.string(bodyDigest.encoding.rawValue)
      writer.endObject()
    }
    if let arrayGuard {
      writer.key("guard")
      writer.beginObject()
      writer.key("json_array_len")
      writer.beginArray()
      writer.string(arrayGuard.path.text)
      writer.integer(arrayGuard.count)
      writer.endArray()
      writer.endObject()
    }
    writer.endObject()
  }

  /// One text, or a list of several.
  fileprivate static func write(_ texts: [String], to writer: inout JSONWriter) {
    if texts.count == 1 { return writer.string(texts[0]) }
    writer.beginArray()
    for text in texts { writer.string(text) }
    writer.endArray()
  }
}

extension SignatureScheme.Location {
  fileprivate func writeCanonical(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("in")
    switch place {
    case .headers(let patterns):
      writer.string("header")
      writer.key("name")
      SignatureScheme.write(patterns.map(\.text), to: &writer)
    case .query(let name):
      writer.string("query")
      writer.key("name")
      writer.string(name)
    case .json(let path):
      writer.string("json")
      writer.key("name")
      writer.string(path.text)
    case .form(let name):
      writer.string("form")
      writer.key("name")
      writer.string(name)
    }
    if let listSeparator {
      writer.key("list_sep")
      writer.string([listSeparator])
    }
    if let pairSeparator {
      writer.key("kv_sep")
      writer.string([pairSeparator])
    }
    if let key {
      writer.key("key")
      writer.string(key)
    }
    writer.endObject()
  }
}

extension SignatureScheme.Timestamp {
  fileprivate func writeCanonical(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("in")
    switch place {
    case .signature(let name):
      writer.string("signature")
      writer.key("name")
      writer.string(name)
    case .header(let name):
      writer.string("header")
      writer.key("name")
      writer.string(name)
    case .json(let path):
      writer.string("json")
      writer.key("name")
      writer.string(path.text)
    }
    writer.key("unit")
    writer.string(unit.rawValue)
    writer.key("tolerance")
    if let toleranceSeconds { writer.integer(toleranceSeconds) } else { writer.string("none") }
    writer.endObject()
  }
}

extension SignatureSecretForm {
  fileprivate func writeCanonical(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("decode")
    writer.string(decoding.rawValue)
    if !strippedPrefix.isEmpty {
      writer.key("strip_prefix")
      writer.string(strippedPrefix)
    }
    if unescapesHTML {
      writer.key("html_unescape")
      writer.boolean(true)
    }
    if let identifierSeparator {
      writer.key("id_sep")
      writer.string([identifierSeparator])
    }
    writer.endObject()
  }
}
