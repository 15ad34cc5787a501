# Arithmetic, statistics and units; yours to change. Factors are exact, as the SI brochure and NIST SP 811 have them.

# fmt: off
_UNITS = {
    "length": {
        "m": 1, "meter": 1, "metre": 1, "km": 1000, "kilometer": 1000, "kilometre": 1000, "hm": 100,
        "hectometer": 100, "dam": 10, "decameter": 10, "dm": 0.1, "decimeter": 0.1, "cm": 0.01, "centimeter": 0.01,
        "centimetre": 0.01, "mm": 0.001, "millimeter": 0.001, "millimetre": 0.001, "um": 1e-6, "micrometer": 1e-6,
        "nm": 1e-9, "nanometer": 1e-9, "in": 0.0254, "inch": 0.0254, "ft": 0.3048, "foot": 0.3048, "feet": 0.3048,
        "yd": 0.9144, "yard": 0.9144, "mi": 1609.344, "mile": 1609.344, "nautical_mile": 1852,
    },
    "mass": {
        "kg": 1, "kilogram": 1, "g": 0.001, "gram": 0.001, "hg": 0.1, "dag": 0.01, "dg": 1e-4, "cg": 1e-5, "mg": 1e-6,
        "milligram": 1e-6, "ug": 1e-9, "microgram": 1e-9, "t": 1000, "tonne": 1000, "metric_ton": 1000,
        "lb": 0.45359237, "pound": 0.45359237, "oz": 0.028349523125, "ounce": 0.028349523125, "st": 6.35029318,
        "stone": 6.35029318, "short_ton": 907.18474, "long_ton": 1016.0469088,
    },
    "volume": {
        "l": 1, "liter": 1, "litre": 1, "kl": 1000, "kiloliter": 1000, "hl": 100, "dl": 0.1, "deciliter": 0.1,
        "cl": 0.01, "centiliter": 0.01, "ml": 0.001, "milliliter": 0.001, "millilitre": 0.001, "ul": 1e-6, "m3": 1000,
        "cubic_meter": 1000, "cm3": 0.001, "gal": 3.785411784, "gallon": 3.785411784, "qt": 0.946352946,
        "quart": 0.946352946, "pt": 0.473176473, "pint": 0.473176473, "cup": 0.2365882365, "fl_oz": 0.0295735295625,
        "fluid_ounce": 0.0295735295625, "tbsp": 0.01478676478125, "tablespoon": 0.01478676478125,
        "tsp": 0.00492892159375, "teaspoon": 0.00492892159375,
    },
    "area": {
        "m2": 1, "square_meter": 1, "km2": 1e6, "square_kilometer": 1e6, "cm2": 1e-4, "ha": 10000, "hectare": 10000,
        "acre": 4046.8564224, "sq_ft": 0.09290304, "square_foot": 0.09290304, "square_feet": 0.09290304,
        "square_mile": 2589988.110336,
    },
    "time": {
        "s": 1, "sec": 1, "second": 1, "ms": 0.001, "millisecond": 0.001, "us": 1e-6, "microsecond": 1e-6, "ns": 1e-9,
        "nanosecond": 1e-9, "min": 60, "minute": 60, "h": 3600, "hr": 3600, "hour": 3600, "d": 86400, "day": 86400,
        "week": 604800,
    },
    "speed": {
        "m/s": 1, "mps": 1, "km/h": 1000 / 3600, "kmh": 1000 / 3600, "kph": 1000 / 3600, "mph": 0.44704,
        "kn": 1852 / 3600, "knot": 1852 / 3600, "ft/s": 0.3048,
    },
    "energy": {
        "j": 1, "joule": 1, "kj": 1000, "kilojoule": 1000, "cal": 4.184, "calorie": 4.184, "kcal": 4184,
        "kilocalorie": 4184, "wh": 3600, "kwh": 3600000, "kilowatt_hour": 3600000,
    },
    "pressure": {
        "pa": 1, "pascal": 1, "kpa": 1000, "bar": 100000, "mbar": 100, "atm": 101325, "psi": 6894.757293168361,
    },
    "data": {
        "b": 1, "byte": 1, "kb": 1000, "kilobyte": 1000, "mb": 1e6, "megabyte": 1e6, "gb": 1e9, "gigabyte": 1e9,
        "tb": 1e12, "terabyte": 1e12, "kib": 1024, "mib": 1048576, "gib": 1073741824,
    },
}
_TEMPERATURES = {
    "c": "c", "celsius": "c", "degree_celsius": "c", "f": "f", "fahrenheit": "f", "degree_fahrenheit": "f", "k": "k",
    "kelvin": "k",
}
# fmt: on
_STRENGTH = {"+": 1, "-": 1, "*": 2, "/": 2, "%": 2, "//": 2, "negative": 3, "positive": 3, "^": 4, "**": 4}


def _refuse(message):
    fail("invalid_argument", message)


def _sound(value):
    """A number that JSON can hold: a whole one above 2^53 is written as a fraction is."""
    if value - value != 0 or value > 1e300 or value < -1e300:
        _refuse("The result is too large.")
    return float(value) if value > 9007199254740992 or value < -9007199254740992 else value


def _whole(value, what):
    """A whole number, however it is written."""
    if value != int(value):
        _refuse(f"{what} has to be a whole number.")
    return int(value)


def _filled(numbers):
    if not numbers:
        _refuse("The list of numbers is empty.")
    return numbers


def _do_add(first, second):
    return _sound(first + second)


def _do_subtract(first, second):
    return _sound(first - second)


def _do_multiply(first, second):
    return _sound(first * second)


def _do_divide(first, second):
    if second == 0:
        _refuse("Cannot divide by zero.")
    return _sound(first / second)


def _do_modulo(first, second):
    if second == 0:
        _refuse("Cannot divide by zero.")
    return first % second


def _do_percentage(part, whole):
    if whole == 0:
        _refuse("The whole cannot be zero.")
    return _sound(part / whole * 100)


def _do_absolute(number):
    return abs(number)


def _do_round(number, digits):
    places = 0 if digits is None else _whole(digits, "The number of places")
    if places > 300 or places < -300:
        _refuse("There are at most 300 places.")
    return round(number, places)


def _rounded(value, precision):
    """A result with as many decimal places as were asked for."""
    return value if precision is None else _do_round(value, precision)


def _root(number):
    """The square root by Newton's method."""
    if number == 0:
        return 0.0
    guess = number if number > 1 else 1.0
    for _ in range(1100):
        better = (guess + number / guess) / 2
        if better >= guess:  # from above it comes down to the root, and then no further
            break
        guess = better
    return min([guess, better], key=lambda one: abs(one * one - number))


def _do_square_root(number, precision):
    if number < 0:
        _refuse("A negative number has no square root.")
    return _rounded(_root(float(number)), precision)


def _natural(number):
    """The natural logarithm: a power of two, and a series for what is left between 0.7 and 1.4."""
    twos, rest = 0, float(number)
    for _ in range(2200):
        if rest >= 1.4:
            rest, twos = rest / 2, twos + 1
        elif rest < 0.7:
            rest, twos = rest * 2, twos - 1
        else:
            break
    term = (rest - 1) / (rest + 1)
    square, power, total = term * term, term, 0.0
    for step in range(30):
        total = total + power / (2 * step + 1)
        power = power * square
    return 2 * total + twos * 0.6931471805599453


def _do_logarithm(number, base, precision):
    foot = 2.718281828459045 if base is None else base
    if number <= 0 or foot <= 0 or foot == 1:
        _refuse("A logarithm needs a positive number, and a positive base that is not 1.")
    exact = _natural(number) / _natural(foot)
    near = round(exact)
    if abs(exact - near) < 1e-9 and near >= -300 and near <= 300 and _raised(foot, near) == number:
        exact = float(near)  # the logarithm of 1000 to the base 10 is 3
    return _rounded(exact, precision)


def _raised(base, exponent):
    """A power with a whole exponent."""
    result, factor, left = 1, base, abs(exponent)
    for _ in range(64):
        if left == 0:
            break
        if left % 2 == 1:
            result = _bounded(result * factor)
        left = left // 2
        if left > 0:
            factor = _bounded(factor * factor)
    if exponent < 0 and result == 0:
        _refuse("The result is too large.")
    return 1 / result if exponent < 0 else result


def _bounded(value):
    if value - value != 0 or value > 1e300 or value < -1e300:
        _refuse("The result is too large.")
    return value


def _exponential(value):
    """The number e raised to a power: a series for a small part of it, squared again and again."""
    if value > 690 or value < -690:
        _refuse("The result is too large.")
    part, total, term = value / 1024, 1.0, 1.0
    for step in range(1, 25):
        term = term * part / step
        total = total + term
    for _ in range(10):
        total = total * total
    return total


def _do_power(base, exponent):
    if base == 0 and exponent < 0:
        _refuse("Zero has no negative power.")
    if exponent == int(exponent):
        return _sound(_raised(base, int(exponent)))
    if base < 0:
        _refuse("A negative number has no power with a fraction.")
    if exponent * 2 == int(exponent * 2) and base > 0:
        return _sound(_raised(base, int(exponent - 0.5)) * _root(float(base)))
    return 0.0 if base == 0 else _exponential(exponent * _natural(base))


def _do_factorial(number):
    last = _whole(number, "The number")
    if last < 0 or last > 150:
        _refuse("The number has to be between 0 and 150.")
    result = 1
    for factor in range(2, last + 1):
        result = result * factor
    return _sound(result)


def _do_common_divisor(first, second):
    one, other = abs(_whole(first, "The first number")), abs(_whole(second, "The second number"))
    for _ in range(2000):
        if other == 0:
            break
        one, other = other, one % other
    return one


def _do_common_multiple(first, second):
    divisor = _do_common_divisor(first, second)
    return _sound(abs(int(first) * int(second)) // divisor) if divisor else 0


def _do_sum(numbers):
    return _sound(sum(numbers))


def _do_mean(numbers):
    return _sound(sum(_filled(numbers)) / len(numbers))


def _do_median(numbers):
    ordered = sorted(_filled(numbers))
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 == 1 else (ordered[middle - 1] + ordered[middle]) / 2


def _do_mode(numbers):
    best, times = None, 0
    for one in _filled(numbers):
        if numbers.count(one) > times:
            best, times = one, numbers.count(one)
    return best


def _do_largest(numbers):
    return max(_filled(numbers))


def _do_smallest(numbers):
    return min(_filled(numbers))


def _do_variance(numbers):
    """The mean squared distance from the mean, of all that there is and not of a sample."""
    mean = _do_mean(numbers)
    return _sound(sum([(one - mean) * (one - mean) for one in numbers]) / len(numbers))


def _do_deviation(numbers):
    return _root(float(_do_variance(numbers)))


def _unit(name):
    """A unit as the tables have it: in lower case, without a plural."""
    plain = str(name).strip().lower().replace(" ", "_").replace("²", "2").replace("³", "3")
    if plain in ("b", "kb", "mb", "gb", "tb") and not str(name).strip().endswith("B"):
        return str(name)  # a bit is no byte
    forms = [plain, plain.removesuffix("s"), plain.removesuffix("es")]
    return ([one for one in forms if _is_known(one)] + [plain])[0]


def _do_convert(value, unit_in, unit_out):
    source, target = _unit(unit_in), _unit(unit_out)
    if source in _TEMPERATURES and target in _TEMPERATURES:
        return _temperature(value, _TEMPERATURES[source], _TEMPERATURES[target])
    for units in _UNITS.values():
        if source in units and target in units:
            return _sound(_near(value * units[source] / units[target]))
    known = [one for one in (source, target) if not _is_known(one)]
    _refuse(f"The unit {known[0]} is not known." if known else f"{unit_in} cannot be converted to {unit_out}.")


def _near(value):
    """A number without the last digit of a division: 6000 and not 6000.000000000001."""
    rounded = round(value, 9)
    return rounded if abs(value - rounded) <= abs(value) * 1e-14 else value


def _is_known(unit):
    return unit in _TEMPERATURES or any([unit in units for units in _UNITS.values()])


def _temperature(value, source, target):
    celsius = (value - 32) * 5 / 9 if source == "f" else value - 273.15 if source == "k" else value
    return celsius * 9 / 5 + 32 if target == "f" else celsius + 273.15 if target == "k" else celsius


def _do_calculate(expression):
    """The value of an expression: numbers, operators and brackets."""
    if len(str(expression)) > 1000:
        _refuse("The expression is too long.")
    values = []
    waiting = []
    after_value = False
    for token in _tokens(str(expression)):
        if isinstance(token, (int, float)) or token == "(":
            if after_value:
                _refuse("The expression is not valid.")
            if token == "(":
                waiting.append(token)
            else:
                values.append(token)
                after_value = True
        elif token == ")":
            if not after_value:
                _refuse("The expression is not valid.")
            _work_off(values, waiting, 1)
            if not waiting:
                _refuse("The expression is not valid.")
            waiting.pop()
        elif after_value:
            _work_off(values, waiting, 5 if token in ("^", "**") else _STRENGTH[token])  # powers bind from the right
            waiting.append(token)
            after_value = False
        elif token in ("-", "+"):
            waiting.append("negative" if token == "-" else "positive")
        else:
            _refuse("The expression is not valid.")
    if not after_value:
        _refuse("The expression is not valid.")
    _work_off(values, waiting, 1)
    if waiting or len(values) != 1:
        _refuse("The expression is not valid.")
    return _sound(values[0])


def _tokens(expression):
    tokens = []
    number = ""
    previous = ""
    for character in expression + " ":
        if character in "0123456789.":
            number += character
            previous = character
            continue
        if number:
            if number.count(".") > 1 or number == "." or len(number) > 100:
                _refuse("The expression is not valid.")
            tokens.append(float(number) if "." in number else int(number))
            number = ""
        if character in "*/" and character == previous and tokens[-1] == character:
            tokens[-1] = character + character
        elif character in "+-*/%^()":
            tokens.append(character)
        elif character != " ":
            _refuse("The expression has a character that is not allowed.")
        previous = character
    return tokens


def _work_off(values, waiting, least):
    """Apply the waiting operators that bind at least as strongly, down to an open bracket."""
    for operator in reversed(list(waiting)):
        if operator == "(" or _STRENGTH[operator] < least:
            return
        _apply(values, waiting.pop())


def _apply(values, operator):
    if operator in ("negative", "positive"):
        value = values.pop()
        values.append(-value if operator == "negative" else value)
        return
    right = values.pop()
    left = values.pop()
    if operator in ("/", "//", "%") and right == 0:
        _refuse("Cannot divide by zero.")
    if operator == "+":
        result = left + right
    elif operator == "-":
        result = left - right
    elif operator == "*":
        result = left * right
    elif operator == "/":
        result = left / right
    elif operator == "//":
        result = left // right
    elif operator == "%":
        result = left % right
    else:
        result = _do_power(left, right)
    values.append(_bounded(result))
