-- A store and its user: `tarantool tarantool_talk.lua server|client ADDRESS PORT`.
local role, address, port = arg[1], arg[2], arg[3]
if role == "server" then
    box.cfg { listen = address .. ":" .. port }
    box.schema.user.grant("guest", "read,write,execute,create,drop", "universe", nil, { if_not_exists = true })
    local space = box.schema.space.create("kept", { if_not_exists = true })
    space:create_index("first", { if_not_exists = true })
    print("ready")
else
    local there = require("net.box").connect(address .. ":" .. port)
    for number = 1, 120 do
        there.space.kept:replace({ number, "user " .. number, string.rep("x", number % 50) })
        there.space.kept:get({ math.random(number) })
        if number % 20 == 0 then there.space.kept:select({}, { limit = 30 }) end
        require("fiber").sleep(0.03)
    end
    there:close()
    os.exit(0)
end
