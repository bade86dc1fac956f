import ArgumentParser
import HeadgateProto

/// `headgate chat`.
struct ChatCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chat",
    abstract: "Chats that requests were bound to.",
    discussion: """
      Example: headgate chat list --channel whatsapp
      """,
    subcommands: [ChatList.self, ChatShow.self])
}

/// `headgate chat list`.
struct ChatList: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List chats, newest first.",
    discussion: """
      With -o json the result is an object with chats and next_cursor (null after the last).

      Example: headgate chat list --channel telegram --contact @ana
      """)

  @Option(help: ArgumentHelp("whatsapp, email, instagram, telegram, sms or webchat.", valueName: "channel"))
  var channel: String?

  @Option(help: ArgumentHelp("With this contact, however it is written.", valueName: "contact"))
  var contact: String?

  @Option(help: ArgumentHelp("Only those of this customer.", valueName: "id"))
  var customer: String?

  @OptionGroup var paging: PagingOptions
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run(_ session: Session, _ screen: Screen) async throws {
    let chats = try await paging.read { size, cursor in
      let response = try await session.customers.listChats(
        ListChatsRequest(
          workspace: session.workspace, channel: channel ?? "", customer: customer ?? "", contact: contact ?? "",
          pageSize: size, cursor: cursor))
      return (response.chats, response.nextCursor)
    }
    try screen.print(chats, named: "chats", json: \.json) { CustomerTable.chats($0, time: screen.time) }
  }
}

/// `headgate chat show`.
struct ChatShow: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a chat.",
    discussion: """
      Example: headgate chat show 01934a5e-0000-7000-8000-000000000000
      """)

  @Argument(help: "Id of the chat.")
  var id: String

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run(_ session: Session, _ screen: Screen) async throws {
    let chat = try await session.customers.getChat(GetChatRequest(workspace: session.workspace, id: id))
    guard screen.format == .table else { return try screen.print(chat.json) }
    var fields = Fields()
    fields.add("chat", chat.id, .bold)
    fields.add("channel", chat.channel)
    fields.add("contact", chat.contact)
    fields.add("as it came", TerminalText.escaped(chat.original))
    fields.addIfAny("customer", chat.customerId)
    fields.add("created", screen.fullTime(chat.createdAtUs))
    try screen.print(fields)
  }
}
