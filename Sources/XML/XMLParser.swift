internal import CExpat

/// Runs Expat over a document.
enum XMLParser {
  static func parse(_ bytes: [UInt8], encoding: XMLEncoding?, limits: XMLLimits) throws(XMLError) -> XMLTree {
    // Offsets are 32 bits, and two bytes of UTF-16 can become three.
    guard bytes.count < Int(Int32.max) / 2 else { throw XMLError(.tooLarge, offset: 0, "The document is too large.") }
    guard let parser = XML_ParserCreate(encoding?.rawValue) else { throw XMLError(.outOfMemory, offset: 0, "No memory.") }
    defer { XML_ParserFree(parser) }
    var builder = XMLTreeBuilder(limits: limits, parser: parser)
    setHandlers(parser)
    // SAFETY: Expat reads the bytes and calls the handlers, which get the builder, during this call only.
    let status = withUnsafeMutablePointer(to: &builder) { builder in
      XML_SetUserData(parser, builder)
      XML_SetUnknownEncodingHandler(parser, unknownEncoding, builder)
      return bytes.withUnsafeBufferPointer { buffer in
        buffer.withMemoryRebound(to: CChar.self) { XML_Parse(parser, $0.baseAddress, Int32($0.count), 1) }
      }
    }
    let offset = min(max(Int(XML_GetCurrentByteIndex(parser)), 0), bytes.count)
    if let refusal = builder.refusal { throw XMLError(refusal.code, offset: offset, refusal.message) }
    guard status == XML_STATUS_OK else {
      let code = XML_GetErrorCode(parser)
      if code == XML_ERROR_NO_MEMORY { throw XMLError(.outOfMemory, offset: offset, "No memory.") }
      // Expat's messages are constants.
      throw XMLError(.malformed, offset: offset, XML_ErrorString(code).map { String(cString: $0) } ?? "not well-formed")
    }
    return builder.tree
  }

  /// What Expat hands to the handlers is the builder.
  private static func setHandlers(_ parser: XML_Parser) {
    XML_SetElementHandler(
      parser,
      { builder, name, attributes in
        guard let name, let attributes else { return }
        builder?.assumingMemoryBound(to: XMLTreeBuilder.self).pointee.elementStarted(name, attributes)
      }, { builder, _ in builder?.assumingMemoryBound(to: XMLTreeBuilder.self).pointee.elementEnded() })
    XML_SetCharacterDataHandler(parser) { builder, text, count in
      guard let text else { return }
      builder?.assumingMemoryBound(to: XMLTreeBuilder.self).pointee.textContinued(
        UnsafeRawBufferPointer(start: UnsafeRawPointer(text), count: Int(count)))
    }
    XML_SetStartDoctypeDeclHandler(parser) { builder, _, _, _, _ in
      builder?.assumingMemoryBound(to: XMLTreeBuilder.self).pointee.refuse(
        .documentType, "A document type (DOCTYPE) is not accepted.")
    }
  }

  private static let unknownEncoding: XML_UnknownEncodingHandler = { builder, name, _ in
    let declared = name.map { String(cString: $0) } ?? ""
    builder?.assumingMemoryBound(to: XMLTreeBuilder.self).pointee.refuse(
      .encodingUnknown(declared: declared), "The encoding is not one that is read.")
    return Int32(XML_STATUS_ERROR.rawValue)
  }
}
