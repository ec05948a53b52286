"""Energies of CHGNet on reduced neighbour graphs.

The layers are those of the package `chgnet` (Deng et al., Nat. Mach. Intell. 5:1031, 2023,
doi 10.1038/s42256-023-00716-3), release 0.3.0 of the weights, which it ships. Only the sums over
neighbours are done here, with the number of copies as a factor, so that the energy is the one that
`CHGNet.predict_structure` gives for the whole cell.
"""

from __future__ import annotations

import contextlib
import io
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from cetransfer.errors import UserError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from cetransfer.datasets.labels.quotient import QuotientGraph

WEIGHTS = "0.3.0"
BATCH = 64  # cells in one pass: fills a core without spilling its caches


def require_chgnet() -> None:
    """Raise UserError if the optional package is missing."""
    if find_spec("chgnet") is None:
        raise UserError(
            "labels need the package chgnet, which is not installed; "
            "run: pip install 'cetransfer[label]'"
        )


class Calculator:
    """CHGNet in double precision on one thread, energies only.

    Double precision makes the energies of neighbouring cells smooth enough for curvatures, and the
    same on every machine to far more digits than are written.

    Raises
    ------
    UserError
        If chgnet is not installed.
    """

    def __init__(self) -> None:
        require_chgnet()
        import torch
        from chgnet.model.model import CHGNet

        torch.set_num_threads(1)
        with contextlib.redirect_stdout(io.StringIO()):  # it prints its number of parameters
            network = CHGNet.load(model_name=WEIGHTS, use_device="cpu", verbose=False)
        self._network = network.double().eval().requires_grad_(requires_grad=False)
        radial = network.bond_basis_expansion
        self.bond_cutoff = 1.0 / float(radial.rbf_expansion_ag.inv_cutoff)
        self.angle_cutoff = 1.0 / float(radial.rbf_expansion_bg.inv_cutoff)

    def energies(
        self,
        graph: QuotientGraph,
        numbers: NDArray[np.int64],
        lattice_constants: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Total energies of cells of one geometry in eV/atom, (n,).

        Parameters
        ----------
        graph
            Reduced graph that reaches at least the cutoffs at the smallest lattice constant.
        numbers
            Atomic number of every kind, (n, n_kinds).
        lattice_constants
            In angstrom, (n,).
        """
        import torch

        energies = np.empty(len(numbers))
        order = np.argsort(lattice_constants, kind="stable")  # alike cells lose the same far bonds
        with torch.no_grad():
            for start in range(0, len(order), BATCH):
                rows = order[start : start + BATCH]
                energies[rows] = self._pass(graph, numbers[rows], lattice_constants[rows])
        return energies

    def _pass(
        self,
        graph: QuotientGraph,
        numbers: NDArray[np.int64],
        lattice_constants: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Message passing with tensors (cells, classes, features); sums carry the copies."""
        import torch

        net = self._network
        smallest = float(lattice_constants.min())
        n_bonds = int(np.searchsorted(graph.lengths, self.bond_cutoff / smallest))
        n_short = int(np.searchsorted(graph.lengths, self.angle_cutoff / smallest))
        edges = torch.as_tensor(graph.edges[graph.edges[:, 2] < n_bonds])
        edge_counts = torch.as_tensor(graph.edge_counts[: len(edges)])[:, None]
        within = graph.angles[:, 1:].max(axis=1) < n_short if len(graph.angles) else []
        angles = torch.as_tensor(graph.angles[within])
        angle_counts = torch.as_tensor(graph.angle_counts[within])[:, None]

        species = torch.as_tensor(numbers[:, graph.kinds])
        lengths = torch.as_tensor(np.outer(lattice_constants, graph.lengths[:n_bonds]))
        basis = net.bond_basis_expansion
        long_range = _radial(basis.rbf_expansion_ag, lengths)
        short_range = _radial(basis.rbf_expansion_bg, lengths)
        atom = net.atom_embedding(species - 1)
        bond = net.bond_embedding(long_range)
        atom_weights = net.bond_weights_ag(long_range)[:, edges[:, 2]] * edge_counts
        bond_weights = net.bond_weights_bg(short_range)
        pair_weights = bond_weights[:, angles[:, 1]] * bond_weights[:, angles[:, 2]] * angle_counts
        # the network shrinks the cosine a little to keep its arc cosine finite
        turn = torch.acos(torch.as_tensor(graph.cosines[within]) * (1 - 1e-6))
        angle = net.angle_embedding(net.angle_basis_expansion.fourier_expansion(turn))
        angle = angle.expand(len(species), *angle.shape)

        last = len(net.atom_conv_layers) - 1
        for step, layer in enumerate(net.atom_conv_layers):
            message = torch.cat(
                (atom[:, edges[:, 0]], bond[:, edges[:, 2]], atom[:, edges[:, 1]]), dim=-1
            )
            message = layer.twoBody_atom(message) * atom_weights
            atom = atom + layer.mlp_out(_sum_by(message, edges[:, 0], atom.shape[1]))
            if step == last or not len(angles):
                continue
            joined = _join(bond, angle, atom, angles)
            bond_layer = net.bond_conv_layers[step]
            message = bond_layer.twoBody_bond(joined) * pair_weights
            bond = bond + bond_layer.mlp_out(_sum_by(message, angles[:, 1], bond.shape[1]))
            angle = angle + net.angle_layers[step].twoBody_bond(_join(bond, angle, atom, angles))

        site = net.mlp(net.readout_norm(atom)).squeeze(-1)
        site = site + net.composition_model.fc.weight[0][species - 1]
        share = torch.as_tensor(graph.atom_counts / graph.atom_counts.sum())
        result: NDArray[np.float64] = (site @ share).numpy()
        return result


def _radial(expansion: object, lengths: Tensor) -> Tensor:
    """Expand lengths (cells, bonds) in the radial basis, (cells, bonds, n_radial)."""
    values: Tensor = expansion(lengths.reshape(-1))  # type: ignore[operator]
    return values.reshape(*lengths.shape, -1)


def _join(bond: Tensor, angle: Tensor, atom: Tensor, angles: Tensor) -> Tensor:
    """Gather what the angle layers look at: both bonds, the angle and the atom between."""
    import torch

    parts = (bond[:, angles[:, 1]], bond[:, angles[:, 2]], angle, atom[:, angles[:, 0]])
    return torch.cat(parts, dim=-1)


def _sum_by(message: Tensor, owner: Tensor, n_owners: int) -> Tensor:
    """Sum messages (cells, n, features) into their owners, (cells, n_owners, features)."""
    total = message.new_zeros(message.shape[0], n_owners, message.shape[2])
    return total.index_add_(1, owner, message)
