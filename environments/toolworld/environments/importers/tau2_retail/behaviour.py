# The tools of tau2's retail domain.
#
# Written from the policy, the tools' descriptions and what its recorded calls return.
# A product's variants are keyed by item id; an order's items are a list, in which an item id may occur twice.


def _order(order_id):
    order = get("orders", order_id)
    if order is None:
        fail("order_not_found", "Order not found")
    return order


def _user(user_id):
    user = get("users", user_id)
    if user is None:
        fail("user_not_found", "User not found")
    return user


def _product(product_id):
    product = get("products", product_id)
    if product is None:
        fail("product_not_found", "Product not found")
    return product


def _payment_method(user, payment_method_id):
    method = user["payment_methods"].get(payment_method_id)
    if method is None:
        fail("payment_method_not_found", "Payment method not found")
    return method


def _is_gift_card(method):
    return method["source"] == "gift_card"


def _address(address1, address2, city, state, country, zip):
    return {"address1": address1, "address2": address2, "city": city, "country": country, "state": state, "zip": zip}


def _with_balance(methods, method_id, change):
    """Payment methods in which a gift card's balance has gone up, or down where the change is negative."""
    method = methods[method_id]
    balance = round(method["balance"] + change, 2)
    return methods | {method_id: method | {"balance": balance}}


def _count(values, wanted):
    return len([value for value in values if value == wanted])


def _require_items(order, item_ids):
    owned = [item["item_id"] for item in order["items"]]
    for item_id in item_ids:
        if _count(item_ids, item_id) > _count(owned, item_id):
            fail("item_not_found", "Number of " + item_id + " not found")


def _item_position(items, item_id):
    for position, item in enumerate(items):
        if item["item_id"] == item_id:
            return position
    fail("item_not_found", "Item " + item_id + " not found")


def _replacement(item, new_item_id):
    """The variant that replaces an item: of the same product, and in stock."""
    variant = _product(item["product_id"])["variants"].get(new_item_id)
    if variant is None:
        fail("variant_not_found", "Variant not found")
    if not variant["available"]:
        fail("item_not_available", "New item " + new_item_id + " not found or available")
    return variant


def _require_same_length(item_ids, new_item_ids):
    if len(item_ids) != len(new_item_ids):
        fail("item_count_mismatch", "The number of items to be exchanged should match")


# -- looking things up --------------------------------------------------------------------------


def find_user_id_by_email(email):
    for user in find("users", {"email": email}, fold=True):
        return user["user_id"]
    fail("user_not_found", "User not found")


def find_user_id_by_name_zip(first_name, last_name, zip):
    same_name = find("users", {"name.last_name": last_name, "name.first_name": first_name}, fold=True)
    for user in same_name:
        if user["address"]["zip"] == zip:
            return user["user_id"]
    fail("user_not_found", "User not found")


def get_user_details(user_id):
    return _user(user_id)


def get_order_details(order_id):
    return _order(order_id)


def get_product_details(product_id):
    return _product(product_id)


def get_item_details(item_id):
    for product in find("products", {"variants.*.item_id": item_id}):
        return product["variants"][item_id]
    fail("item_not_found", "Item not found")


def list_all_product_types():
    names = {row["name"]: row["product_id"] for row in rows("products", ["name", "product_id"])}
    return {name: names[name] for name in sorted(names)}


def transfer_to_human_agents(summary):
    _ = summary  # it is for the human who takes over
    return "Transfer successful"


# -- arithmetic ---------------------------------------------------------------------------------

_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "//": 2, "negative": 3, "positive": 3, "**": 4}


def _bad_expression(message="Invalid expression"):
    fail("invalid_expression", message)


def _bounded(value):
    if value > 1e300 or value < -1e300:
        _bad_expression("The result is too large")
    return value


def _number(text):
    if text.count(".") > 1 or text == "." or len(text) > 300:
        _bad_expression()
    if "." in text:
        return float(text)
    if text[0] == "0" and text.strip("0"):
        _bad_expression()
    return int(text)


def _tokens(expression):
    tokens = []
    number = ""
    previous = ""
    for character in expression + " ":
        if character in "0123456789.":
            number += character
        else:
            if number:
                tokens.append(_number(number))
                number = ""
            if character in "*/" and character == previous and tokens[-1] == character:
                tokens[-1] = character + character
            elif character in "+-*/()":
                tokens.append(character)
            elif character != " ":
                _bad_expression("Invalid characters in expression")
        previous = character
    return tokens


def _power(base, exponent):
    if not isinstance(exponent, int) or exponent < 0 or exponent > 1000:
        _bad_expression()
    result = 1
    for _ in range(exponent):
        result = _bounded(result * base)
    return result


def _combine(values, operator):
    if operator in ("negative", "positive"):
        value = values.pop()
        values.append(-value if operator == "negative" else value)
        return
    right = values.pop()
    left = values.pop()
    if operator in ("/", "//") and right == 0:
        _bad_expression("Division by zero")
    if operator == "+":
        values.append(_bounded(left + right))
    elif operator == "-":
        values.append(_bounded(left - right))
    elif operator == "*":
        values.append(_bounded(left * right))
    elif operator == "//":
        values.append(left // right)
    elif operator == "**":
        values.append(_power(left, right))
    else:
        values.append(_bounded(left / right))


def _unwind(values, operators, down_to):
    """Apply the waiting operators that bind at least as tightly, and stop at an open bracket."""
    for operator in reversed(list(operators)):
        if operator == "(" or _PRECEDENCE[operator] < down_to:
            return
        _combine(values, operators.pop())


def calculate(expression):
    values = []
    operators = []
    after_value = False
    for token in _tokens(expression):
        if isinstance(token, (int, float)) or token == "(":
            if after_value:
                _bad_expression()
            if token == "(":
                operators.append(token)
            else:
                values.append(token)
                after_value = True
        elif token == ")":
            if not after_value:
                _bad_expression()
            _unwind(values, operators, 1)
            if not operators:
                _bad_expression()
            operators.pop()
        elif after_value:
            _unwind(values, operators, 5 if token == "**" else _PRECEDENCE[token])  # powers bind from the right
            operators.append(token)
            after_value = False
        elif token in ("-", "+"):
            operators.append("negative" if token == "-" else "positive")
        else:
            _bad_expression()
    if not after_value:
        _bad_expression()
    _unwind(values, operators, 1)
    if operators or len(values) != 1:
        _bad_expression()
    return str(round(float(_bounded(values[0])), 2))


# -- pending orders -----------------------------------------------------------------------------


def cancel_pending_order(order_id, reason):
    order = _order(order_id)
    if order["status"] != "pending":
        fail("order_not_pending", "Non-pending order cannot be cancelled")
    if reason not in ("no longer needed", "ordered by mistake"):
        fail("invalid_reason", "Invalid reason")
    user = _user(order["user_id"])
    methods = user["payment_methods"]
    refunds = []
    for payment in order["payment_history"]:
        method_id = payment["payment_method_id"]
        refunds.append({"transaction_type": "refund", "amount": payment["amount"], "payment_method_id": method_id})
        if _is_gift_card(_payment_method(user, method_id)):
            methods = _with_balance(methods, method_id, payment["amount"])
    if methods != user["payment_methods"]:
        update("users", user["user_id"], {"payment_methods": methods})
    return update(
        "orders",
        order_id,
        {
            "status": "cancelled",
            "cancel_reason": reason,
            "payment_history": order["payment_history"] + refunds,
        },
    )


def modify_pending_order_address(order_id, address1, address2, city, state, country, zip):
    order = _order(order_id)
    if "pending" not in order["status"]:
        fail("order_not_pending", "Non-pending order cannot be modified")
    return update("orders", order_id, {"address": _address(address1, address2, city, state, country, zip)})


def modify_pending_order_payment(order_id, payment_method_id):
    order = _order(order_id)
    if "pending" not in order["status"]:
        fail("order_not_pending", "Non-pending order cannot be modified")
    history = order["payment_history"]
    if len(history) != 1 or history[0]["transaction_type"] != "payment":
        fail("not_one_payment", "There should be exactly one payment for a pending order")
    paid = history[0]
    if paid["payment_method_id"] == payment_method_id:
        fail("same_payment_method", "The new payment method should be different from the current one")
    user = _user(order["user_id"])
    new_method = _payment_method(user, payment_method_id)
    methods = user["payment_methods"]
    if _is_gift_card(new_method):
        if new_method["balance"] < paid["amount"]:
            fail("insufficient_balance", "Insufficient gift card balance to pay for the order")
        methods = _with_balance(methods, payment_method_id, -paid["amount"])
    if _is_gift_card(_payment_method(user, paid["payment_method_id"])):
        methods = _with_balance(methods, paid["payment_method_id"], paid["amount"])
    if methods != user["payment_methods"]:
        update("users", user["user_id"], {"payment_methods": methods})
    return update(
        "orders",
        order_id,
        {
            "payment_history": history
            + [
                {"transaction_type": "payment", "amount": paid["amount"], "payment_method_id": payment_method_id},
                {
                    "transaction_type": "refund",
                    "amount": paid["amount"],
                    "payment_method_id": paid["payment_method_id"],
                },
            ]
        },
    )


def modify_pending_order_items(order_id, item_ids, new_item_ids, payment_method_id):
    order = _order(order_id)
    if order["status"] != "pending":
        fail("order_not_pending", "Non-pending order cannot be modified")
    _require_items(order, item_ids)
    _require_same_length(item_ids, new_item_ids)
    difference = 0
    variants = []
    for item_id, new_item_id in zip(item_ids, new_item_ids):
        if item_id == new_item_id:
            fail("same_item", "The new item id should be different from the old item id")
        item = order["items"][_item_position(order["items"], item_id)]
        variants.append(_replacement(item, new_item_id))
        difference += variants[-1]["price"] - item["price"]
    user = _user(order["user_id"])
    method = _payment_method(user, payment_method_id)
    if _is_gift_card(method):
        if method["balance"] < difference:
            fail("insufficient_balance", "Insufficient gift card balance to pay for the new item")
        methods = _with_balance(user["payment_methods"], payment_method_id, -difference)
        update("users", user["user_id"], {"payment_methods": methods})
    items = list(order["items"])
    for item_id, new_item_id in zip(item_ids, new_item_ids):
        position = _item_position(items, item_id)
        # The recorded calls give every changed item the price and options of the last new one. A shop would
        # not, but what they did is what this program has to do.
        items[position] = items[position] | {
            "item_id": new_item_id,
            "price": variants[-1]["price"],
            "options": variants[-1]["options"],
        }
    return update(
        "orders",
        order_id,
        {
            "status": "pending (item modified)",
            "items": items,
            "payment_history": order["payment_history"]
            + [
                {
                    "transaction_type": "payment" if difference > 0 else "refund",
                    "amount": abs(difference),
                    "payment_method_id": payment_method_id,
                }
            ],
        },
    )


def modify_user_address(user_id, address1, address2, city, state, country, zip):
    _user(user_id)
    return update("users", user_id, {"address": _address(address1, address2, city, state, country, zip)})


# -- delivered orders ---------------------------------------------------------------------------


def exchange_delivered_order_items(order_id, item_ids, new_item_ids, payment_method_id):
    order = _order(order_id)
    if order["status"] != "delivered":
        fail("order_not_delivered", "Non-delivered order cannot be exchanged")
    _require_items(order, item_ids)
    _require_same_length(item_ids, new_item_ids)
    difference = 0
    for item_id, new_item_id in zip(item_ids, new_item_ids):
        item = order["items"][_item_position(order["items"], item_id)]
        difference += _replacement(item, new_item_id)["price"] - item["price"]
    difference = round(difference, 2)
    method = _payment_method(_user(order["user_id"]), payment_method_id)
    if _is_gift_card(method) and method["balance"] < difference:
        fail("insufficient_balance", "Insufficient gift card balance to pay for the price difference")
    return update(
        "orders",
        order_id,
        {
            "status": "exchange requested",
            "exchange_items": sorted(item_ids),
            "exchange_new_items": sorted(new_item_ids),
            "exchange_payment_method_id": payment_method_id,
            "exchange_price_difference": difference,
        },
    )


def return_delivered_order_items(order_id, item_ids, payment_method_id):
    order = _order(order_id)
    if order["status"] != "delivered":
        fail("order_not_delivered", "Non-delivered order cannot be returned")
    method = _payment_method(_user(order["user_id"]), payment_method_id)
    if not _is_gift_card(method) and payment_method_id != order["payment_history"][0]["payment_method_id"]:
        fail("wrong_payment_method", "Payment method should be the original payment method")
    _require_items(order, item_ids)
    return update(
        "orders",
        order_id,
        {
            "status": "return requested",
            "return_items": sorted(item_ids),
            "return_payment_method_id": payment_method_id,
        },
    )
