/// An XML 1.0 document, read by Expat: no document type, no entity but the five, nothing fetched from anywhere.
///
/// Names keep their prefix; comments and processing instructions are left out. Text between elements that is only white
/// space is left out as well, because it is how documents are indented.
package struct XMLDocument: Sendable {
  let tree: XMLTree

  /// Parses a document.
  ///
  /// - Parameter encoding: as told outside of the document, for example in a Content-Type; `nil`: what the byte order mark
  ///   or the declaration says, else UTF-8 (XML 1.0 appendix F).
  package init(_ bytes: [UInt8], encoding: XMLEncoding? = nil, limits: XMLLimits = XMLLimits()) throws(XMLError) {
    tree = try XMLParser.parse(bytes, encoding: encoding, limits: limits)
  }

  /// The outermost element.
  package var root: XMLElement { XMLElement(tree: tree, index: 0) }

  /// How deep a value is in which an element with parts is an object and a repeated element a list, the object around the
  /// root counted.
  package var valueDepth: Int {
    var depths = [Int](repeating: 1, count: tree.nodes.count)
    var deepest = 1
    for index in tree.nodes.indices.dropFirst() where tree.nodes[index].kind == .element {
      let node = tree.nodes[index]
      let isListed = !node.isFirstOfName || node.nextOfName != XMLTree.none
      // A parent stands before its children.
      depths[index] = depths[Int(node.parent)] + 1 + (isListed ? 1 : 0)
      deepest = max(deepest, depths[index])
    }
    // A leaf is a text, which is no level of its own, but its attributes make it an object.
    for index in tree.nodes.indices where tree.nodes[index].kind == .attribute {
      deepest = max(deepest, depths[Int(tree.nodes[index].parent)] + 1)
    }
    return deepest
  }
}

/// An element of an `XMLDocument`; keeps the document's memory.
package struct XMLElement: Sendable {
  let tree: XMLTree
  let index: Int

  /// With its prefix.
  package var name: [UInt8] { tree.names[Int(tree.nodes[index].name)] }

  /// Whether it has neither attributes nor elements.
  package var isLeaf: Bool { !tree.parts(of: index).contains { tree.nodes[$0].kind != .text } }

  /// All of its own text, entities replaced; of an element with elements, what is not only white space.
  package var text: ArraySlice<UInt8> {
    var text: ArraySlice<UInt8> = []
    for part in tree.parts(of: index) where tree.nodes[part].kind == .text {
      let piece = tree.text[tree.nodes[part].range]
      // Nearly always there is one.
      if text.isEmpty { text = piece } else { text += piece }
    }
    return text
  }

  /// Attributes, elements and texts in order.
  package var parts: XMLParts { XMLParts(tree.parts(of: index)) }

  /// Whether no element before it in the same element has its name.
  package var isFirstOfName: Bool { tree.nodes[index].isFirstOfName }

  /// The next element of its name in the same element.
  package var nextOfName: XMLElement? {
    tree.following(tree.nodes[index].nextOfName).map { XMLElement(tree: tree, index: $0) }
  }
}

extension XMLElement: CustomStringConvertible {
  /// Nothing of the content: it may be a secret or a customer's data.
  package var description: String { "XMLElement" }
}

/// What can stand in an element.
package enum XMLPart: Sendable {
  /// The name has its prefix.
  case attribute(name: [UInt8], value: ArraySlice<UInt8>)
  case element(XMLElement)
  case text(ArraySlice<UInt8>)
}

/// The parts of an element.
package struct XMLParts: Sequence, IteratorProtocol {
  private var parts: XMLTree.Parts

  init(_ parts: XMLTree.Parts) { self.parts = parts }

  /// The next part.
  package mutating func next() -> XMLPart? {
    guard let index = parts.next() else { return nil }
    let tree = parts.tree
    let node = tree.nodes[index]
    switch node.kind {
    case .attribute: return .attribute(name: tree.names[Int(node.name)], value: tree.text[node.range])
    case .element: return .element(XMLElement(tree: tree, index: index))
    case .text: return .text(tree.text[node.range])
    }
  }
}
