"""The primes below n, in a list of flags."""


def loop(n):
    prime = [True] * n
    prime[0] = prime[1] = False
    number = 2
    while number * number < n:
        if prime[number]:
            for multiple in range(number * number, n, number):
                prime[multiple] = False
        number += 1
    count = last = 0
    for number in range(n):
        if prime[number]:
            count += 1
            last = number
    return count, last
