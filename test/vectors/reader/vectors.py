def main(files):
    return 0
