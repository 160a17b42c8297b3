"""The command line of the training: python3 -m train STEP [options]."""

import argparse
import sys
import time


def main(arguments=None):
    """Run one step; returns the exit status."""
    parser = argparse.ArgumentParser(prog='python3 -m train', description='From drawings to the weights.')
    steps = parser.add_subparsers(dest='step', required=True, metavar='STEP')
    add_sheet(steps)
    options = parser.parse_args(arguments)
    return options.run(options) or 0


def add_sheet(steps):
    p = steps.add_parser('sheet', help='a contact sheet of classes')
    p.add_argument('classes', nargs='*', metavar='CLASS', help='index or label; all classes if none')
    p.add_argument('-n', '--each', type=int, default=1, help='pictures per class (1)')
    p.add_argument('-c', '--columns', type=int, default=14, help='pictures per row (14)')
    p.add_argument('-s', '--seed', type=int, default=0, help='first seed (0)')
    p.add_argument('-z', '--size', type=int, default=160, help='side of a picture in pixels (160)')
    p.add_argument('--alone', action='store_true', help='the thing on grey, without surroundings and camera')
    p.add_argument('-o', '--output', default='sheet.png', help='PNG file to write (sheet.png)')
    p.set_defaults(run=sheet)


def sheet(options):
    from train.sheet import find, sheet_of, tiles_of, write_png
    indices = find(options.classes)
    start = time.process_time()
    tiles = tiles_of(indices, options.each, options.seed, options.size, options.alone)
    spent = time.process_time() - start
    write_png(options.output, sheet_of(tiles, min(options.columns, len(tiles))))
    print(f'{options.output}: {len(indices)} classes, {1000 * spent / len(tiles):.1f} ms a picture',
          file=sys.stderr)
