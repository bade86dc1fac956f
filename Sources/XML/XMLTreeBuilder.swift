internal import CExpat

/// Makes a tree of what Expat finds.
struct XMLTreeBuilder {
  /// Why nothing more is taken.
  private(set) var refusal: (code: XMLError.Code, message: String)?
  private let limits: XMLLimits
  private let parser: XML_Parser
  private var nodes: [XMLTree.Node] = []
  private var names: [[UInt8]] = []
  private var text: [UInt8] = []
  private var nameIndexes: [[UInt8]: Int32] = [:]
  /// By parent and name: the last element of that name in it so far.
  private var lastOfName: [UInt64: Int32] = [:]
  private var open: [OpenElement] = []

  private struct OpenElement {
    var index: Int32
    var lastPart = XMLTree.none
    /// Where the text since the last part starts.
    var textStart: Int
    var hasElements = false
  }

  init(limits: XMLLimits, parser: XML_Parser) {
    self.limits = limits
    self.parser = parser
  }

  /// What was found.
  var tree: XMLTree { XMLTree(nodes: nodes, names: names, text: text) }

  /// The first reason counts: Expat may still call handlers after it was told to stop.
  mutating func refuse(_ code: XMLError.Code, _ message: String) {
    if refusal == nil { refusal = (code, message) }
    XML_StopParser(parser, XML_Bool(XML_FALSE))
  }

  mutating func textContinued(_ piece: UnsafeRawBufferPointer) { text.append(contentsOf: piece) }

  mutating func elementStarted(
    _ name: UnsafePointer<XML_Char>, _ attributes: UnsafeMutablePointer<UnsafePointer<XML_Char>?>
  ) {
    guard refusal == nil else { return }
    guard open.count < limits.depth else {
      return refuse(.tooDeep, "More than \(limits.depth) elements inside each other.")
    }
    endText(isLeaf: false)
    let nameIndex = self.nameIndex(of: name)
    guard let index = append(XMLTree.Node(kind: .element, parent: open.last?.index ?? XMLTree.none, name: nameIndex)) else {
      return
    }
    if let parent = open.last?.index {
      open[open.count - 1].hasElements = true
      let key = UInt64(UInt32(bitPattern: parent)) << 32 | UInt64(UInt32(bitPattern: nameIndex))
      if let previous = lastOfName.updateValue(index, forKey: key) {
        nodes[Int(previous)].nextOfName = index
        nodes[Int(index)].isFirstOfName = false
      }
    }
    open.append(OpenElement(index: index, textStart: text.count))
    // Name, value, name, value, NULL.
    var position = 0
    while let name = attributes[position], let value = attributes[position + 1] {
      position += 2
      let start = text.count
      Self.append(value, to: &text)
      let node = XMLTree.Node(
        kind: .attribute, parent: index, name: self.nameIndex(of: name), start: Int32(start), end: Int32(text.count))
      guard append(node) != nil else { return }
    }
    open[open.count - 1].textStart = text.count
  }

  mutating func elementEnded() {
    guard refusal == nil, let last = open.last else { return }
    endText(isLeaf: !last.hasElements)
    open.removeLast()
    if let parent = open.indices.last { open[parent].textStart = text.count }
  }

  /// Makes a part of the text since the last one, or forgets it when it only indents.
  private mutating func endText(isLeaf: Bool) {
    guard let element = open.last, refusal == nil else { return }
    let start = element.textStart
    guard text.count > start else { return }
    if !isLeaf, text[start...].allSatisfy(Self.isSpace) {
      text.removeLast(text.count - start)
      return
    }
    append(XMLTree.Node(kind: .text, parent: element.index, start: Int32(start), end: Int32(text.count)))
    open[open.count - 1].textStart = text.count
  }

  /// Appends a node to the innermost open element.
  @discardableResult private mutating func append(_ node: XMLTree.Node) -> Int32? {
    guard nodes.count < limits.nodes else {
      refuse(.tooLarge, "More than \(limits.nodes) elements, attributes and texts.")
      return nil
    }
    let index = Int32(nodes.count)
    nodes.append(node)
    if let element = open.last {
      if element.lastPart == XMLTree.none {
        nodes[Int(element.index)].firstPart = index
      } else {
        nodes[Int(element.lastPart)].nextPart = index
      }
      open[open.count - 1].lastPart = index
    }
    return index
  }

  private mutating func nameIndex(of name: UnsafePointer<XML_Char>) -> Int32 {
    var bytes: [UInt8] = []
    Self.append(name, to: &bytes)
    if let known = nameIndexes[bytes] { return known }
    let index = Int32(names.count)
    names.append(bytes)
    nameIndexes[bytes] = index
    return index
  }

  /// XML 1.0 §2.3.
  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d }

  private static func append(_ text: UnsafePointer<XML_Char>, to bytes: inout [UInt8]) {
    // SAFETY: Expat ends names and values with a zero; a zero is no character of XML.
    var count = 0
    while text[count] != 0 { count += 1 }
    bytes.append(contentsOf: UnsafeRawBufferPointer(start: UnsafeRawPointer(text), count: count))
  }
}
