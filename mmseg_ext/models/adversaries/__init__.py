from .domain_adversary import DomainAdversary
from .representations import (BaseRepresentation, FeatureRepresentation,
                              ProbabilityRepresentation,
                              SelfInformationRepresentation,
                              build_representation)

__all__ = [
    'BaseRepresentation', 'DomainAdversary', 'FeatureRepresentation',
    'ProbabilityRepresentation', 'SelfInformationRepresentation',
    'build_representation'
]
