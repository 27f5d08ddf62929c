def fibonacci(n):
    """Return the first n numbers of Fibonacci."""
    numbers = [1, 1]
    while len(numbers) < n:
        numbers.append(numbers[-1] + numbers[-2])
    return numbers[:n]


print(fibonacci(10))
print(fibonacci(16)[-1])
print(sum(fibonacci(5)))


def greatest_common_divisor(a, b):
    """Return the largest number that divides both."""
    while b:
        a, b = b, a % b
    return a


def is_prime(n):
    """Tell whether no other number divides n but one and itself."""
    if n < 2:
        return False
    divisor = 2
    while divisor * divisor <= n:
        if n % divisor == 0:
            return False
        divisor += 1
    return True


def reverse_words(text):
    """Return the words of a text in reverse order."""
    words = text.split()
    words.reverse()
    return " ".join(words)


def count_letters(text):
    """Return how often each letter occurs in a text."""
    counts = {}
    for letter in text.lower():
        if letter.isalpha():
            counts[letter] = counts.get(letter, 0) + 1
    return counts


def binary_search(values, wanted):
    """Return the index of a wanted value in sorted values, or None."""
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) // 2
        if values[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low if low < len(values) and values[low] == wanted else None


def encode_block(values):
    """Encode thirty-two weights as a scale, a bias and sixteen levels."""
    low, high = min(values), max(values)
    scale = (high - low) / 15 or 1.0
    levels = [round((value - low) / scale) for value in values]
    return scale, low, levels


def decode_block(scale, bias, levels):
    """Decode a block: each weight is a level times the scale, plus the bias."""
    return [level * scale + bias for level in levels]


class Counter:
    """Counts up from zero."""

    def __init__(self):
        self.value = 0

    def increment(self):
        self.value += 1
        return self.value


class Stack:
    """Gives back last what came first."""

    def __init__(self):
        self.items = []

    def push(self, item):
        self.items.append(item)

    def pop(self):
        return self.items.pop()


for number in range(1, 16):
    if number % 15 == 0:
        print("fizzbuzz")
    elif number % 5 == 0:
        print("buzz")
    elif number % 3 == 0:
        print("fizz")
    else:
        print(number)


with open("numbers.txt") as file:
    total = 0
    for line in file:
        total += int(line)
    print("the total is", total)
